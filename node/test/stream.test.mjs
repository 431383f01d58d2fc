/** Streams: what was there, what comes, at the pace of the reader; nothing is lost on the way. */

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";

import { CancelledError, TimeoutError } from "swarmlet";
import { SOON_MS, heapBytes, numbers, opened, payloads, until } from "./nodes.mjs";

const many = (from, to) => numbers(to - from).map((n) => ["n", n + from]);

test("present events come first, then live ones", async (context) => {
  const node = await opened(context);
  await node.publishMany(many(0, 10));
  const events = node.subscribe("FROM 'n'");
  assert.deepEqual(await payloads(events, 10), numbers(10));
  await node.publish("other", -1);
  await node.publish("n", 10);
  assert.deepEqual(await payloads(events, 1), [10]);
});

test("a subscription goes on where what was handed out reaches", async (context) => {
  const node = await opened(context);
  const stream = `${node.id}-0`;
  await node.publishMany(many(0, 1000));
  const events = node.subscribe("FROM 'n'");
  assert.deepEqual(events.offsets, {});
  let expected = 0;
  for await (const event of events) {
    assert.equal(event.payload, expected);
    assert.deepEqual(events.offsets, { [stream]: expected });
    expected += 1;
    if (expected === 701) {
      break;
    }
  }
  const { offsets } = events;
  assert.deepEqual(offsets, { [stream]: 700 });
  assert.deepEqual(events.skipped, {});
  const rest = node.subscribe("FROM 'n'", { from: JSON.parse(JSON.stringify(offsets)) });
  assert.deepEqual(await payloads(rest, 299), numbers(299).map((n) => n + 701));
  await assert.rejects(
    async () => node.subscribe("FROM 'n'", { from: { [stream]: -1 } }),
    /an integer from 0 to 2\^53 - 1/,
  );
});

test("batches come as they are", async (context) => {
  const node = await opened(context);
  const batches = node.subscribe("FROM 'n'").batches()[Symbol.asyncIterator]();
  await node.publish("n", 0);
  assert.deepEqual((await batches.next()).value.map((row) => row.payload), [0]);
  await node.publish("n", 1);
  assert.deepEqual((await batches.next()).value.map((row) => row.payload), [1]);
  for (const max of [0, -1, 1.5, NaN, "2"]) {
    assert.throws(() => node.query("FROM 'n'").batches(max), { code: "invalid_argument" });
    assert.throws(() => node.query("FROM 'n'").take(max), { code: "invalid_argument" });
  }
  let count = 0;
  await node.publishMany(many(2, 1000));
  for await (const batch of node.query("FROM 'n'").batches(100)) {
    assert.ok(batch.length > 0 && batch.length <= 100);
    assert.equal(batch[0].payload, count);
    count += batch.length;
  }
  assert.equal(count, 1000);
});

test("a web stream brings the same", async (context) => {
  const node = await opened(context);
  await node.publishMany(many(0, 600));
  const seen = [];
  for await (const row of node.query("FROM 'n'").toReadable()) {
    seen.push(row.payload);
  }
  assert.deepEqual(seen, numbers(600));
  const events = node.subscribe("FROM 'n'");
  const reader = events.toReadable().getReader();
  assert.equal((await reader.read()).value.payload, 0);
  assert.deepEqual(events.offsets, { [`${node.id}-0`]: 0 });
  await reader.cancel();
  assert.equal((await events.next()).done, true);
});

test("outputs tell everything, in order", async (context) => {
  const node = await opened(context);
  await node.publishMany([["n", 1], ["n", "text"]]);
  const outputs = [];
  for await (const output of node.subscribe("FROM 'n' SELECT _ + 1").outputs()) {
    outputs.push(output);
    if (output.type === "caughtUp") {
      break;
    }
  }
  assert.deepEqual(outputs.map((output) => output.type), ["row", "diagnostic", "caughtUp"]);
  assert.equal(outputs[0].row.payload, 2);
  assert.equal(outputs[1].severity, "warning");
  assert.deepEqual(outputs[2].offsets, { [`${node.id}-0`]: 1 });
});

test("what is no longer true is taken back", async (context) => {
  const node = await opened(context);
  await node.publish("n", 1);
  const outputs = node.subscribe("FROM 'n' AGGREGATE SUM(_)").outputs()[Symbol.asyncIterator]();
  const seen = [];
  while (seen.filter((output) => output.type === "row").length < 2) {
    const { value } = await outputs.next();
    seen.push(value);
    if (value.type === "caughtUp") {
      await node.publish("n", 2);
    }
  }
  const shown = seen.filter((each) => "row" in each).map((each) => [each.type, each.row.payload]);
  assert.deepEqual(shown, [["row", 1], ["antiRow", 1], ["row", 3]]);
});

test("latest, earliest, monotonic and waiting for one", async (context) => {
  const node = await opened(context);
  await node.publishMany(many(0, 5));
  assert.deepEqual(await payloads(node.observeLatest("FROM 'n'"), 1), [4]);
  assert.deepEqual(await payloads(node.observeEarliest("FROM 'n'"), 1), [0]);
  assert.deepEqual(await payloads(node.subscribeMonotonic("FROM 'n'"), 5), numbers(5));
  const later = node.waitFor("FROM 'n'", (row) => row.payload > 6);
  await node.publishMany(many(5, 10));
  assert.equal((await later).payload, 7);
  const never = node.waitFor("FROM 'none'", undefined, { signal: AbortSignal.timeout(20) });
  await assert.rejects(never, TimeoutError);
});

test("a wait that is given up loses nothing", async (context) => {
  const node = await opened(context);
  const count = 400;
  const writer = (async () => {
    for (let n = 0; n < count; n += 1) {
      await node.publish("n", n);
    }
  })();
  const events = node.subscribe("FROM 'n'");
  const seen = [];
  let givenUp = 0;
  while (seen.length < count) {
    const soon = new AbortController();
    const wait = events.next({ signal: soon.signal });
    setImmediate(() => soon.abort("too long"));
    try {
      seen.push((await wait).value.payload);
    } catch (error) {
      assert.ok(error instanceof CancelledError);
      assert.equal(error.cause, "too long");
      givenUp += 1;
    }
  }
  await writer;
  assert.deepEqual(seen, numbers(count));
  assert.ok(givenUp > 0);
});

test("waits that are given up leave nothing behind", async (context) => {
  const node = await opened(context);
  const events = node.subscribe("FROM 'n'");
  const changes = node.swarm.changes();
  await changes.next();
  const giveUp = async (count) => {
    for (let wait = 0; wait < count; wait += 1) {
      const soon = new AbortController();
      const waits = [events, changes].map((stream) => stream.next({ signal: soon.signal }));
      setImmediate(() => soon.abort());
      for (const { reason } of await Promise.allSettled(waits)) {
        assert.ok(reason instanceof CancelledError);
      }
    }
    return heapBytes();
  };
  const before = await giveUp(200);
  const after = await giveUp(2000);
  // Kept, each would cost more than two kilobytes.
  assert.ok(after - before < 500_000, `${after - before} bytes more`);
  const still = events.next();
  await node.publish("n", 1);
  assert.equal((await still).value.payload, 1);
});

test("a stream that is dropped ends, although a wait for it was given up", async (context) => {
  const node = await opened(context);
  const giveUp = async () => {
    const events = node.subscribe("FROM 'n'");
    await assert.rejects(events.next({ signal: AbortSignal.timeout(1) }), TimeoutError);
  };
  await giveUp();
  assert.equal(node.metrics().subscriptionsOpen, 1);
  await until(() => heapBytes() > 0 && node.metrics().subscriptionsOpen === 0);
});

test("ready takes nothing and take does not wait", async (context) => {
  const node = await opened(context);
  const events = node.subscribe("FROM 'n'");
  assert.deepEqual(events.take(), []);
  await assert.rejects(events.ready({ signal: AbortSignal.timeout(10) }), { code: "timeout" });
  await node.publishMany(many(0, 3));
  assert.equal(await events.ready(), true);
  assert.equal(await events.ready(), true);
  assert.deepEqual(events.take(2).map((row) => row.payload), [0, 1]);
  assert.deepEqual(await payloads(events, 1), [2]);
  events.cancel();
  assert.equal(await events.ready(), false);
});

test("a signal ends a stream, and so does cancel", async (context) => {
  const node = await opened(context);
  const ending = new AbortController();
  const events = node.subscribe("FROM 'n'", { signal: ending.signal });
  await node.publish("n", 0);
  const seen = [];
  await assert.rejects(
    async () => {
      for await (const event of events) {
        seen.push(event.payload);
        setImmediate(() => ending.abort());
      }
    },
    { code: "cancelled", operation: "subscribe" },
  );
  assert.deepEqual(seen, [0]);
  const over = node.subscribe("FROM 'n'", { signal: ending.signal });
  await assert.rejects(over.next(), CancelledError);

  const quiet = node.subscribe("FROM 'none'");
  const wait = quiet.next();
  quiet.cancel();
  quiet.cancel();
  assert.deepEqual(await wait, { done: true, value: undefined });
});

test("a stream that has ended lets go of its signal", async (context) => {
  const node = await opened(context);
  await node.publishMany(many(0, 300));
  const { signal } = new AbortController();
  const listeners = () => getEventListeners(signal, "abort").length;
  for await (const row of node.query("FROM 'n'", { signal })) {
    assert.equal(listeners(), 1, `at ${row.offset}`);
  }
  assert.equal(listeners(), 0);
  await node.query("FROM 'n'", { signal }).toArray();
  assert.equal(listeners(), 0);
  node.query("FROM 'n'", { signal }).cancel();
  assert.equal(listeners(), 0);
  const events = node.subscribe("FROM 'none'", { signal });
  const changes = node.swarm.changes({ signal });
  await changes.next();
  assert.equal(listeners(), 2);
  const ends = [events.next(), changes.next(), changes.next()];
  const closed = ends.map((end) => assert.rejects(end, { code: "closed" }));
  await Promise.all([...closed, node.close()]);
  assert.equal(listeners(), 0);
});

test("a loop may end its own stream", async (context) => {
  const node = await opened(context);
  await node.publishMany(many(0, 10));
  const events = node.subscribe("FROM 'n'");
  const seen = [];
  for await (const event of events) {
    seen.push(event.payload);
    if (seen.length === 4) {
      events.cancel();
    }
  }
  assert.deepEqual(seen, numbers(4));
  assert.deepEqual(events.offsets, { [`${node.id}-0`]: 3 });
});

test("what is taken from a stream that was ended is nothing, and offsets stay", async (context) => {
  const node = await opened(context);
  await node.publishMany(many(0, 300));
  const ending = new AbortController();
  const ends = [
    [node.subscribe("FROM 'n'"), (events) => events.cancel()],
    [node.subscribe("FROM 'n'", { signal: ending.signal }), () => ending.abort()],
  ];
  for (const [events, end] of ends) {
    assert.deepEqual(await payloads(events, 10), numbers(10));
    end(events);
    assert.deepEqual(events.take(), []);
    assert.deepEqual(events.offsets, { [`${node.id}-0`]: 9 });
    const rest = node.subscribe("FROM 'n'", { from: events.offsets });
    assert.deepEqual(await payloads(rest, 290), numbers(290).map((n) => n + 10));
  }
});

test("two readers share a subscription", async (context) => {
  const node = await opened(context);
  const events = node.subscribe("FROM 'n'");
  const seen = [];
  const read = async () => {
    for await (const event of events) {
      seen.push(event.payload);
      if (seen.length === 500) {
        events.cancel();
      }
    }
  };
  const readers = [read(), read()];
  for (let start = 0; start < 500; start += 50) {
    await node.publishMany(many(start, start + 50));
  }
  await Promise.all(readers);
  assert.deepEqual(seen.sort((a, b) => a - b), numbers(500));
});

test("many subscriptions at once", async (context) => {
  const node = await opened(context);
  const readers = numbers(30).map(() => payloads(node.subscribe("FROM 'n'"), 100));
  for (let n = 0; n < 100; n += 1) {
    await node.publish("n", n);
  }
  for (const seen of await Promise.all(readers)) {
    assert.deepEqual(seen, numbers(100));
  }
});

test("a slow reader loses nothing, costs no memory, and stops nobody", async (context) => {
  const node = await opened(context);
  const events = node.subscribe("FROM 'n'");
  await node.publish("n", { n: 0, text: "" });
  assert.equal((await payloads(events, 1))[0].n, 0);
  const text = "x".repeat(1000);
  const before = process.memoryUsage().rss;
  for (let start = 1; start <= 40_000; start += 2000) {
    await node.publishMany(numbers(2000).map((n) => ["n", { n: n + start, text: text + n }]));
  }
  global.gc?.();
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 160 * 1024 * 1024, `${grown} bytes more`);
  let expected = 1;
  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 1);
  for await (const event of events) {
    assert.equal(event.payload.n, expected);
    expected += 1;
    if (expected === 40_001) {
      break;
    }
  }
  clearInterval(ticking);
  assert.ok(turns > 10, `${turns} turns of others while reading`);
});

test("large rows come a few at a time", async (context) => {
  const node = await opened(context);
  const bytes = new Uint8Array(600_000).map((_, index) => (index * 7919) >> 3);
  for (let n = 0; n < 40; n += 1) {
    await node.publish("n", { n, bytes });
  }
  let expected = 0;
  for await (const batch of node.query("FROM 'n'").batches()) {
    assert.ok(batch.length <= 2, `${batch.length} rows at once`);
    for (const row of batch) {
      assert.equal(row.payload.n, expected);
      assert.equal(row.payload.bytes.length, bytes.length);
      expected += 1;
    }
  }
  assert.equal(expected, 40);
});

test("await using ends a stream", async (context) => {
  const node = await opened(context);
  const events = node.subscribe("FROM 'n'");
  const wait = events.next({ signal: AbortSignal.timeout(SOON_MS) });
  await events[Symbol.asyncDispose]();
  assert.equal((await wait).done, true);
});
