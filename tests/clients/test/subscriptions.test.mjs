/** Following what happens, through the SDK, on two nodes that are together, apart, and again. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { EventKey, EventOrder, MsgType, Tag } from "@actyx/sdk";

import { until } from "../../swarmlet-node.mjs";
import { Swarm, fresh, inSync } from "../nodes.mjs";

let swarm, first, second;

before(async () => {
  swarm = await Swarm.of(2);
  [first, second] = await swarm.apps();
});

after(() => swarm?.close());

/** Publishes so that the next event of the other node, which does not know it yet, comes before. */
async function far(app, tag) {
  const events = Array.from({ length: 20 }, (_, n) => ({ tags: [fresh("filler")], event: n }));
  await app.publish(events);
  return app.publish({ tags: [tag], event: "late" });
}

/** A monotonic subscription: what it said so far, and how to end it. */
function monotonic(app, tag, attemptStartFrom = { from: {}, latestEventKey: EventKey.zero }) {
  const followed = { payloads: [], caughtUp: [], timeTravel: undefined, ended: false };
  const query = { sessionId: fresh("session"), query: Tag(tag), attemptStartFrom };
  const onMessage = (message) => {
    if (message.type === MsgType.timetravel) {
      followed.timeTravel = message.trigger;
    } else {
      followed.payloads.push(...message.events.map((event) => event.payload));
      followed.caughtUp.push(message.caughtUp);
    }
  };
  followed.cancel = app.subscribeMonotonic(query, onMessage, () => (followed.ended = true));
  return followed;
}

test("events of both nodes reach subscriptions of both, once", async () => {
  const tag = fresh("both");
  await first.publish({ tags: [tag], event: 0 });
  await inSync(first, second);
  const got = [[], []];
  const cancels = [first, second].map((app, at) =>
    app.subscribe({ query: Tag(tag) }, (event) => void got[at].push(event.payload)),
  );
  for (let number = 1; number < 20; number += 1) {
    await [first, second][number % 2].publish({ tags: [tag], event: number });
  }
  await until("all events", () => got.every((events) => events.length >= 20));
  const all = Array.from({ length: 20 }, (_, number) => number);
  for (const events of got) {
    assert.deepEqual(events.toSorted((one, other) => one - other), all);
  }
  cancels.forEach((cancel) => cancel());
  await first.publish({ tags: [tag], event: "later" });
  await first.queryAllKnown({ query: Tag(tag) });
  assert.equal(got[0].length, 20);
});

test("whoever subscribes again from where a chunk ended misses nothing", async () => {
  const tag = fresh("resumed");
  await first.publish([1, 2, 3].map((event) => ({ tags: [tag], event })));
  const take = (lowerBound, count) =>
    new Promise((resolve) => {
      const chunks = [];
      const onChunk = (chunk) => {
        chunks.push(chunk);
        const events = chunks.flatMap((one) => one.events.map((event) => event.payload));
        if (events.length >= count) {
          cancel();
          resolve({ events, upperBound: chunk.upperBound });
        }
      };
      const query = { query: Tag(tag), lowerBound };
      const cancel = first.subscribeChunked(query, { maxChunkSize: 3 }, onChunk);
    });
  const { events, upperBound } = await take(undefined, 3);
  assert.deepEqual(events, [1, 2, 3]);
  await second.publish({ tags: [tag], event: 4 });
  await first.publish({ tags: [tag], event: 5 });
  const rest = await take(upperBound, 2);
  assert.deepEqual(rest.events.toSorted(), [4, 5]);
});

test("a monotonic subscription says when nothing newer is there", async () => {
  const tag = fresh("monotonic");
  await first.publish([1, 2].map((event) => ({ tags: [tag], event })));
  const followed = monotonic(first, tag);
  await until("what is there", () => followed.payloads.length === 2);
  await first.publish({ tags: [tag], event: 3 });
  await until("what comes", () => followed.payloads.length === 3);
  assert.equal(followed.caughtUp.at(-1), true);
  assert.equal(followed.timeTravel, undefined);
  followed.cancel();
});

test("a monotonic subscription goes on from where an app was", async () => {
  const tag = fresh("from");
  const [one] = await first.publish([1, 2].map((event) => ({ tags: [tag], event })));
  const start = { from: { [one.stream]: one.offset }, latestEventKey: one };
  const followed = monotonic(first, tag, start);
  await until("the rest", () => followed.payloads.length === 1);
  assert.deepEqual(followed.payloads, [2]);
  followed.cancel();
});

test("a state that is newer than what there is to add travels back in time", async () => {
  const tag = fresh("newer");
  const [one, two] = await first.publish([1, 2].map((event) => ({ tags: [tag], event })));
  const followed = monotonic(first, tag, {
    from: {},
    latestEventKey: { lamport: two.lamport, stream: two.stream, offset: two.offset },
  });
  const trigger = await until("time travel", () => followed.timeTravel);
  assert.equal(trigger.lamport, one.lamport);
  assert.deepEqual(followed.payloads, []);
});

test("subscriptions end when the node goes, and apps are connected when it is back", async () => {
  const tag = fresh("away");
  const [, node] = swarm.nodes;
  const said = [];
  const app = await node.app("com.example.away", {
    onConnectionLost: () => said.push("lost"),
    onConnectionEstablished: () => said.push("established"),
  });
  let error;
  app.subscribe({ query: Tag(tag) }, () => {}, (why) => (error = why));
  const followed = monotonic(app, tag);
  await app.publish({ tags: [tag], event: 1 });
  await until("an event", () => followed.payloads.length === 1);
  await node.stop();
  await until("the subscriptions to end", () => error && followed.ended);
  await node.start();
  await until("the connection", () => said.at(-1) === "established" && said.includes("lost"));
  await app.publish({ tags: [tag], event: 2 });
  const { events } = await app.queryAllKnown({ query: Tag(tag) });
  assert.deepEqual(events.map((event) => event.payload), [1, 2]);
  app.dispose();
});

test("an earlier event of a node that was away is time travel", { timeout: 90_000 }, async () => {
  const [tag, latest, earliest] = [fresh("apart"), [], []];
  let followed, before;
  await inSync(first, second);
  await swarm.apart(
    () => first.publish({ tags: [tag], event: "early" }),
    async () => {
      await connected(second);
      await far(second, tag);
      const query = { query: Tag(tag), eventOrder: EventOrder.Lamport };
      second.observeLatest(query, (event) => void latest.push(event));
      second.observeEarliest(query, (event) => void earliest.push(event));
      followed = monotonic(second, tag);
      await until("the late event", () => followed.payloads.length && latest.length);
      before = [...followed.payloads];
    },
  );
  assert.deepEqual(before, ["late"]);
  await until("time travel", () => followed.timeTravel && earliest.length === 2);
  // The latest is what it was, and the earliest another one now.
  assert.deepEqual([latest, earliest], [["late"], ["late", "early"]]);
  await until("the end", () => followed.ended);
  const again = monotonic(second, tag);
  await until("both events", () => again.payloads.length === 2);
  assert.deepEqual(again.payloads, ["early", "late"]);
  again.cancel();
});

test("what is observed is the same on both nodes", async () => {
  const tag = fresh("observed");
  await first.publish([5, 9, 7].map((event) => ({ tags: [tag], event })));
  await second.publish({ tags: [tag], event: 8 });
  await Promise.all([inSync(first, second), inSync(second, first)]);
  const results = [first, second].map(() => ({ best: [], sums: [] }));
  const cancels = [first, second].flatMap((app, at) => {
    const { best, sums } = results[at];
    const isBetter = (candidate, current) => candidate.payload > current.payload;
    const add = (sum, event) => sum + event;
    return [
      app.observeBestMatch(Tag(tag), isBetter, (event) => void best.push(event)),
      app.observeUnorderedReduce(Tag(tag), add, 0, (sum) => void sums.push(sum)),
    ];
  });
  await until("the sums", () => results.every(({ sums }) => sums.at(-1) === 29));
  await second.publish({ tags: [tag], event: 10 });
  await until("the best", () => results.every(({ best }) => best.at(-1) === 10));
  await until("the sums", () => results.every(({ sums }) => sums.at(-1) === 39));
  cancels.forEach((cancel) => cancel());
});

/** Apps find their node again by themselves. */
async function connected(app) {
  await until("a connection", () => app.offsets().catch(() => undefined));
}
