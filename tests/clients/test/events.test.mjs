/** Publishing and asking what there is, through the SDK, on two nodes of one swarm. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { EventsSortOrder, Tag, Tags } from "@actyx/sdk";

import { until } from "../../swarmlet-node.mjs";
import { Swarm, fresh, inSync } from "../nodes.mjs";

let swarm, first, second;

before(async () => {
  swarm = await Swarm.of(2);
  [first, second] = await swarm.apps();
});

after(() => swarm?.close());

const payloads = (events) => events.map((event) => event.payload);

/** Events of both nodes, each of which knows all that was published before. */
async function alternating(tag, count) {
  const published = [];
  for (let number = 0; number < count; number += 1) {
    const [here, there] = number % 2 === 0 ? [first, second] : [second, first];
    published.push(await here.publish({ tags: [tag], event: number }));
    await inSync(here, there);
  }
  return published;
}

test("keys that publishing gives are those of the events, on both nodes", async () => {
  const tag = fresh("keys");
  const tags = Tags(tag).and(Tag("kind").withId("x"));
  const published = await first.publish([tags.apply({ n: 1 }), tags.apply({ n: 2 })]);
  assert.equal(published.length, 2);
  assert.equal(published[1].offset, published[0].offset + 1);
  await inSync(first, second);
  for (const app of [first, second]) {
    const { events } = await app.queryAllKnown({ query: tags });
    assert.deepEqual(payloads(events), [{ n: 1 }, { n: 2 }]);
    const keys = events.map(({ meta }) => [meta.eventId, meta.stream, meta.timestampMicros]);
    const given = published.map((meta) => [meta.eventId, meta.stream, meta.timestampMicros]);
    assert.deepEqual(keys, given);
    assert.deepEqual(events[0].meta.tags, [tag, "kind", "kind:x"].sort());
    assert.equal(events[0].meta.appId, "com.example.clients");
  }
});

test("both nodes give the same order, ascending and descending", async () => {
  const tag = fresh("order");
  await alternating(tag, 6);
  const numbers = [0, 1, 2, 3, 4, 5];
  for (const app of [first, second]) {
    const known = (order) => app.queryAllKnown({ query: Tag(tag), order });
    const { events } = await known(EventsSortOrder.Ascending);
    assert.deepEqual(payloads(events), numbers);
    const descending = (await known(EventsSortOrder.Descending)).events;
    assert.deepEqual(payloads(descending), numbers.toReversed());
    const streams = (await known(EventsSortOrder.StreamAscending)).events;
    const inStreamsOf = (parity) => payloads(streams).filter((number) => number % 2 === parity);
    assert.deepEqual([inStreamsOf(0), inStreamsOf(1)], [[0, 2, 4], [1, 3, 5]]);
    const changes = streams.filter(({ meta }, at) => meta.stream !== streams[at - 1]?.meta.stream);
    assert.equal(changes.length, 2);
  }
});

test("a known range is what came after one chunk and until the next", async () => {
  const tag = fresh("range");
  await alternating(tag, 4);
  const early = await first.queryAllKnown({ query: Tag(tag) });
  await alternating(tag, 4);
  const { present } = await first.offsets();
  const [order, lowerBound] = [EventsSortOrder.Ascending, early.upperBound];
  const range = { query: Tag(tag), lowerBound, upperBound: present, order };
  assert.deepEqual(payloads(await first.queryKnownRange(range)), [0, 1, 2, 3]);
  const chunks = [];
  await new Promise((resolve, reject) => {
    const onComplete = (error) => (error ? reject(error) : resolve());
    first.queryKnownRangeChunked(range, 3, (chunk) => void chunks.push(chunk), onComplete);
  });
  assert.deepEqual(chunks.map((chunk) => payloads(chunk.events)), [[0, 1, 2], [3]]);
  // Whoever goes on behind the first chunk gets the rest.
  const rest = { ...range, lowerBound: chunks[0].upperBound };
  assert.deepEqual(payloads(await first.queryKnownRange(rest)), [3]);
  assert.deepEqual(await first.queryKnownRange({ ...range, lowerBound: present }), []);
});

test("a chunked query that is cancelled brings no more", async () => {
  const tag = fresh("cancelled");
  await first.publish(Array.from({ length: 50 }, (_, event) => ({ tags: [tag], event })));
  const chunks = [];
  const cancel = first.queryAllKnownChunked({ query: Tag(tag) }, 5, (chunk) => {
    chunks.push(chunk);
    cancel();
  });
  await until("a chunk", () => chunks.length > 0);
  // What was asked later is answered, so nothing of it is on the way any more.
  await first.queryAllKnown({ query: Tag(tag) });
  assert.equal(chunks.length, 1);
});

test("offsets are those of both nodes, and nothing is missing when they are in sync", async () => {
  const tag = fresh("offsets");
  const [one, other] = await alternating(tag, 2);
  for (const app of [first, second]) {
    const offsets = await until("nothing to be missing", async () => {
      const offsets = await app.offsets();
      return Object.keys(offsets.toReplicate).length === 0 && offsets;
    });
    assert.ok(offsets.present[one.stream] >= one.offset);
    assert.ok(offsets.present[other.stream] >= other.offset);
    assert.deepEqual(await app.present(), offsets.present);
  }
});

test("events of the other node are not local", async () => {
  const tag = fresh("local");
  await alternating(tag, 2);
  const local = await first.queryAllKnown({ query: Tag(tag).local() });
  assert.deepEqual(payloads(local.events), [0]);
  const other = await second.queryAllKnown({ query: Tag(tag).local() });
  assert.deepEqual(payloads(other.events), [1]);
});

test("the node tells the version that clients expect, and the other node", async () => {
  await until("the other node to be connected", async () => {
    const info = await first.nodeInfo(0);
    return info.connectedNodes() === 1;
  });
  const info = await first.nodeInfo(0);
  assert.match(info.semVer(), /^2\.\d+\.\d+$/);
  // What the client asks before it uses snapshots and monotonic subscriptions of the node.
  assert.ok(info.isAtLeastVersion("2.12.0"));
  assert.ok(info.uptimeMillis() > 0);
});

test("waiting for sync ends when all is there", { timeout: 40_000 }, async () => {
  const tag = fresh("sync");
  await first.publish({ tags: [tag], event: 1 });
  await second.waitForSync();
  const { events } = await second.queryAllKnown({ query: Tag(tag) });
  assert.deepEqual(payloads(events), [1]);
});
