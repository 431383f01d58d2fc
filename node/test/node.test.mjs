/** Opening, publishing, queries, offsets, what a node knows of itself. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import {
  Node,
  Published,
  QrCode,
  Row,
  compareKeys,
  forwardLogs,
  quantile,
  version,
} from "swarmlet";
import { folder, numbers, opened, until } from "./nodes.mjs";

test("what is published is found, with all that is known of it", async (context) => {
  const node = await opened(context, { appId: "com.example.press" });
  const published = await node.publish(["press:7", "stopped"], { reason: "jam" });
  assert.ok(published instanceof Published);
  assert.equal(node.id.length, 43);
  assert.equal(node.appId, "com.example.press");
  const [row] = await node.query("FROM 'press:7' & 'stopped'").toArray();
  assert.ok(row instanceof Row);
  assert.deepEqual(row.payload, { reason: "jam" });
  assert.deepEqual(row.key, published.key);
  assert.deepEqual(row.key, { lamport: row.lamport, stream: `${node.id}-0`, offset: 0 });
  assert.deepEqual(row.tags, ["press:7", "stopped"]);
  assert.equal(row.appId, "com.example.press");
  assert.equal(row.origin, "event");
  assert.equal(row.timestamp, published.timestamp);
  assert.equal(row.time.getTime(), published.time.getTime());
  assert.ok(Math.abs(row.time.getTime() - Date.now()) < 60_000);
  assert.deepEqual(row.keyRange, [row.key, row.key]);
  assert.match(JSON.stringify(row), /"reason":"jam"/);
});

test("rows of several events and of none say so", async (context) => {
  const node = await opened(context);
  const published = await node.publishMany(numbers(3).map((n) => ["n", n]));
  const [sum] = await node.query("FROM 'n' AGGREGATE SUM(_)").toArray();
  assert.equal(sum.payload, 3);
  assert.equal(sum.origin, "range");
  assert.deepEqual(sum.keyRange.map((key) => key.offset), [0, 2]);
  const times = [published[0].timestamp, published[2].timestamp];
  assert.deepEqual(sum.timestampRange, times);
  assert.deepEqual(sum.timeRange, times.map((micros) => new Date(Math.floor(micros / 1000))));
  assert.throws(() => sum.tags, { name: "TypeError", message: /its origin is 'range'/ });
  const [made] = await node.query("FROM [7]").toArray();
  assert.equal(made.payload, 7);
  assert.equal(made.origin, "synthetic");
  assert.equal(made.keyRange, null);
  assert.equal(made.timestampRange, null);
  assert.throws(() => made.offset, TypeError);
});

test("bounds, order and parameters reach the query", async (context) => {
  const node = await opened(context);
  const published = await node.publishMany(numbers(10).map((n) => ({ tags: "n", payload: n })));
  const { stream } = published[0];
  const query = async (aql, options) =>
    (await node.query(aql, options).toArray()).map((row) => row.payload);
  const bounds = { lower: { [stream]: 2 }, upper: { [stream]: 4 }, order: "desc" };
  assert.deepEqual(await query("FROM 'n'", bounds), [4, 3]);
  assert.deepEqual(await query("FROM 'n'", { upper: {} }), []);
  const least = { parameters: { least: 8 } };
  assert.deepEqual(await query("FROM 'n' FILTER _ >= $least", least), [8, 9]);
  const since = new Date(Date.now() + 3_600_000);
  assert.deepEqual(await query("FROM 'n' & TIME > $since", { parameters: { since } }), []);
  const before = new Date(0);
  const all = await query("FROM 'n' & TIME > $before", { parameters: { before } });
  assert.equal(all.length, 10);
});

test("what the node knows of itself", async (context) => {
  const node = await opened(context, {
    streams: { sensors: { eventsMax: 1000, ageMsMax: 86_400_000 }, kept: null },
    routes: { "'sensor'": "sensors" },
  });
  await node.publish("sensor", 1);
  await node.publish("other", 2);
  const streams = await node.streams();
  const sensors = streams.find((stream) => stream.name === "sensors");
  assert.deepEqual({ first: sensors.first, last: sensors.last }, { first: 0, last: 0 });
  const { present, toReplicate } = await node.offsets();
  assert.equal(present[sensors.id], 0);
  assert.equal(Object.keys(present).length, 2);
  assert.deepEqual(toReplicate, {});
  const metrics = node.metrics();
  assert.equal(metrics.log.eventsCommitted, 2);
  assert.equal(metrics.publish.count, 2);
  assert.equal(metrics.publish.buckets.at(-1)[0], Infinity);
  assert.ok(quantile(metrics.publish, 0.5) > 0);
  assert.equal(metrics.maintenanceError, null);
  const explained = await node.explain("FROM 'sensor'");
  assert.equal(explained.rows, 1);
  assert.equal(explained.order, "asc");
  assert.match(explained.text, /sensor/);
  const packing = node.scoped("com.example.packing");
  await packing.publish("box", 3);
  const [row] = await packing.query("FROM appId(me)").toArray();
  assert.equal(row.appId, "com.example.packing");
});

test("a folder can be named by its address", async (context) => {
  const path = folder(context);
  const node = await Node.open(pathToFileURL(path));
  await node.publish("a", 1);
  await node.close();
  const again = await Node.open(path);
  assert.equal((await again.query("FROM 'a'").toArray()).length, 1);
  await again.close();
});

test("keys have the order of the log", () => {
  const stream = (node, number) => `${node.repeat(43)}-${number}`;
  const key = (lamport, id, offset) => ({ lamport, stream: id, offset });
  const sorted = [
    key(1, stream("Z", 0), 0),
    key(2, stream(".", 9), 0),
    key(2, stream("A", 9), 5),
    key(2, stream("A", 10), 4),
    key(2, stream("a", 0), 1),
    key(2, stream("a", 0), 2),
  ];
  assert.deepEqual([...sorted].reverse().sort(compareKeys), sorted);
  assert.equal(compareKeys(sorted[0], { ...sorted[0] }), 0);
});

test("pictures of invites", () => {
  const code = new QrCode("invite");
  assert.match(code.svg(), /<svg/);
  assert.ok(code.terminal().split("\n").length > 5);
  assert.throws(() => new QrCode("x".repeat(3000)).svg(), { code: "invalid_argument" });
});

test("what nodes say about themselves is passed on", async (context) => {
  const records = [];
  forwardLogs((record) => records.push(record), { level: "debug" });
  const node = await opened(context);
  await node.publish("a", 1);
  await until(() => records.length > 0);
  for (const record of records) {
    assert.match(record.level, /^(debug|info|warn|error)$/);
    assert.match(record.target, /^swarmlet/);
    assert.equal(typeof record.message, "string");
  }
  assert.throws(() => forwardLogs(() => undefined, { level: "loud" }), {
    code: "invalid_argument",
  });
  forwardLogs(() => undefined, { level: "error" });
});

test("the version is that of the package", async () => {
  const { default: manifest } = await import("swarmlet/package.json", { with: { type: "json" } });
  assert.equal(version, manifest.version);
});
