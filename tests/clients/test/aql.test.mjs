/** The query language through the SDK: results, what is wrong with queries, and their end. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { until } from "../../swarmlet-node.mjs";
import { Swarm, fresh } from "../nodes.mjs";

let swarm, app;

before(async () => {
  swarm = await Swarm.of(1);
  [app] = await swarm.apps();
});

after(() => swarm?.close());

const BETA = "PRAGMA features := aggregate fromArray subQuery\n";

/** Publishes some numbers below a tag of their own. */
async function numbers(...payloads) {
  const tag = fresh("numbers");
  await app.publish(payloads.map((event) => ({ tags: [tag], event })));
  return tag;
}

const ofType = (items, type) => items.filter((item) => item.type === type);
const payloads = (items) => ofType(items, "event").map((item) => item.payload);

/** A subscription in the language: what it brought, what was wrong, and how to end it. */
function subscribed(query, lowerBound) {
  const followed = { items: [], error: undefined };
  const onError = (error) => (followed.error = error ?? "complete");
  const onItem = (item) => void followed.items.push(item);
  followed.cancel = app.subscribeAql(query, onItem, onError, lowerBound);
  return followed;
}

test("stages filter and change what comes out, and offsets are last", async () => {
  const tag = await numbers({ n: 1 }, { n: 2 }, { n: 3 });
  const query = `FROM '${tag}' FILTER _.n > 1 SELECT _.n * 10`;
  const items = await app.queryAql(query);
  assert.deepEqual(payloads(items), [20, 30]);
  assert.equal(items.at(-1).type, "offsets");
  const descending = await app.queryAql({ query, order: "desc" });
  assert.deepEqual(payloads(descending), [30, 20]);
});

test("what is computed of many events comes from none of them", async () => {
  const tag = await numbers(1, 2, 3);
  const items = await app.queryAql(`${BETA}FROM '${tag}' AGGREGATE { sum: SUM(_), last: LAST(_) }`);
  const [item, ...rest] = ofType(items, "event");
  assert.deepEqual([item.payload, rest], [{ sum: 6, last: 3 }, []]);
  assert.equal(item.meta.lamport, 0);
  const array = await app.queryAql(`${BETA}FROM [1, 'two', { three: 3 }]`);
  assert.deepEqual(payloads(array), [1, "two", { three: 3 }]);
});

test("an event for which there is no result is told of, and the others come", async () => {
  const tag = await numbers({ n: 1 }, {}, { n: 3 });
  const items = await app.queryAql(`FROM '${tag}' SELECT _.n`);
  assert.deepEqual(payloads(items), [1, 3]);
  const [diagnostic] = ofType(items, "diagnostic");
  assert.equal(diagnostic.severity, "warning");
  assert.match(diagnostic.message, /`n`|\.n/);
});

test("a query that is none, or needs what was not named, is refused with the reason", async () => {
  const messageOf = async (query) => {
    const error = await app.queryAql(query).then(() => assert.fail("no error"), (why) => why);
    return JSON.stringify(error.message ?? error);
  };
  assert.match(await messageOf("FROM x"), /expected/);
  assert.match(await messageOf("FROM 'a' AGGREGATE SUM(_)"), /beta features.*aggregate/);
  // The connection is as good as before.
  assert.deepEqual(payloads(await app.queryAql(`${BETA}FROM [1]`)), [1]);
});

test("chunks of a query have the size that was asked for", async () => {
  const tag = await numbers(1, 2, 3, 4, 5);
  const chunks = [];
  await new Promise((resolve, reject) => {
    const onEnd = (error) => (error ? reject(error) : resolve());
    app.queryAqlChunked(`FROM '${tag}'`, 2, (chunk) => void chunks.push(chunk), onEnd);
  });
  // The offsets are an item like the others.
  assert.deepEqual(chunks.map((chunk) => chunk.length), [2, 2, 2]);
  assert.deepEqual(payloads(chunks.flat()), [1, 2, 3, 4, 5]);
});

test("a subscription brings what there is, says so, and brings what comes", async () => {
  const tag = await numbers(1, 2);
  const followed = subscribed(`FROM '${tag}' SELECT _ + 1`);
  await until("offsets", () => ofType(followed.items, "offsets").length === 1);
  assert.deepEqual(payloads(followed.items), [2, 3]);
  await app.publish({ tags: [tag], event: 3 });
  await until("another", () => payloads(followed.items).length === 3);
  followed.cancel();
  await app.publish({ tags: [tag], event: 4 });
  await app.queryAql(`FROM '${tag}'`);
  assert.deepEqual(payloads(followed.items), [2, 3, 4]);
  assert.equal(followed.error, undefined);
});

test("a subscription from offsets brings what came after them", async () => {
  const tag = await numbers(1);
  const present = await app.present();
  await app.publish({ tags: [tag], event: 2 });
  const followed = subscribed(`FROM '${tag}'`, present);
  await until("the rest", () => payloads(followed.items).length === 1);
  assert.deepEqual(payloads(followed.items), [2]);
  followed.cancel();
});

test("a subscription to something that cannot be says why", async () => {
  const followed = subscribed("FROM nothing");
  const error = await until("an error", () => followed.error);
  assert.match(JSON.stringify(error.message ?? error), /expected/);
});

test("queries within queries see what was published before", async () => {
  const tag = await numbers({ id: 7, name: "press" });
  const other = await numbers({ of: 7 });
  const inner = `FROM '${tag}' FILTER _.id = 7 SELECT _.name`;
  const items = await app.queryAql(`${BETA}FROM '${other}' SELECT { name: (${inner}) }`);
  assert.deepEqual(payloads(items), [{ name: ["press"] }]);
});
