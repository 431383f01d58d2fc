/** Errors: the kinds of all languages, and which call has which. */

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import * as swarmlet from "swarmlet";
import { folder, opened } from "./nodes.mjs";

const { BY_CODE, Node, SwarmletError } = swarmlet;

test("every kind of the table is a class", () => {
  const table = readFileSync(new URL("../../core/engine/errors.toml", import.meta.url), "utf8");
  const kinds = table.split("[[kind]]").slice(1);
  const value = (kind, name) => new RegExp(`^${name} = "?([^"\n]*)"?$`, "m").exec(kind)[1];
  assert.equal(kinds.length, Object.keys(BY_CODE).length);
  for (const kind of kinds) {
    const code = value(kind, "name");
    const Kind = BY_CODE[code];
    assert.equal(Kind.code, code);
    assert.equal(Kind.number, Number(value(kind, "number")));
    assert.equal(Kind.defaultAdvice, value(kind, "advice"));
    const error = new Kind("text");
    assert.ok(error instanceof SwarmletError && error instanceof Error);
    assert.equal(error.code, code);
    assert.equal(error.advice, Kind.defaultAdvice);
    assert.equal(swarmlet[error.name], Kind);
  }
});

test("a query that cannot be understood says where", async (context) => {
  const node = await opened(context);
  assert.throws(() => node.query("FROM 'press:7' AND 'stopped'"), (error) => {
    assert.ok(error instanceof swarmlet.InvalidQueryError);
    assert.equal(error.operation, "query");
    assert.equal(error.advice, "fix_call");
    assert.equal(error.details.line, "1");
    assert.equal(error.details.column, "16");
    assert.match(error.details.view, /\^---/);
    assert.ok(!error.message.includes("\n"));
    return true;
  });
  assert.throws(() => node.subscribe("FROM"), { code: "invalid_query", operation: "subscribe" });
  await assert.rejects(node.explain("FROM"), { code: "invalid_query" });
});

test("options that cannot be meant are refused, with what was given", async (context) => {
  const node = await opened(context);
  const path = folder(context);
  const refused = [
    { appid: "com.example.press" },
    { appId: 7 },
    { appId: "no app!" },
    { streams: { sensors: { eventsMax: -1 } } },
    { streams: { sensors: { eventsMax: 1.5 } } },
    { streams: { sensors: { eventsMax: 2 ** 53 } } },
    { streams: { sensors: { bytesMax: NaN } } },
    { streams: { sensors: { bytesMax: 7n } } },
    { routes: { "not a tag": "default" } },
    { durability: "maybe" },
    { cacheBytes: "much" },
    { network: { listen: "tcp://127.0.0.1:0" } },
    { network: { connectionsMax: 1 } },
    { network: { typo: true } },
  ];
  for (const options of refused) {
    const opening = Node.open(path, options);
    await assert.rejects(opening, { code: /invalid_(argument|query)/, name: /Invalid/ });
  }
  await assert.rejects(Node.open(7), { code: "invalid_argument" });
  await assert.rejects(Node.open(path, null), { code: "invalid_argument" });
  await assert.rejects(node.publish("a", 1, { signal: "stop" }), { code: "invalid_argument" });
  await assert.rejects(node.query("FROM 'a'").next(7), { code: "invalid_argument" });
  const queries = [
    { order: "up" },
    { lower: { nonsense: 1 } },
    { lower: { [`${node.id}-0`]: -1 } },
    { upper: [] },
    { upper: "all" },
    { typo: 1 },
    { parameters: { a: () => 1 } },
    { parameters: { a: new Date(NaN) } },
    { signal: 7 },
    null,
    "asc",
  ];
  for (const options of queries) {
    assert.throws(() => node.query("FROM 'a'", options), { code: "invalid_argument" });
  }
  for (const options of [null, 7, { from: 7 }, { order: "asc" }, { signal: "stop" }]) {
    assert.throws(() => node.subscribe("FROM 'a'", options), { code: "invalid_argument" });
  }
  for (const aql of [undefined, 7, null, "\ud800"]) {
    assert.throws(() => node.query(aql), { code: "invalid_argument" });
  }
});

test("one folder is one node", async (context) => {
  const path = folder(context);
  const node = await Node.open(path);
  await assert.rejects(Node.open(path), { code: "locked", advice: "retry_later" });
  await node.close();
  await (await Node.open(path)).close();
});

test("somebody else's folder is left alone", async (context) => {
  const path = folder(context);
  mkdirSync(path);
  writeFileSync(join(path, "letter"), "dear");
  await assert.rejects(Node.open(path), SwarmletError);
  assert.equal(readFileSync(join(path, "letter"), "utf8"), "dear");
  const open = folder(context);
  await (await Node.open(open)).close();
  chmodSync(open, 0o755);
  await assert.rejects(Node.open(open), { code: "permission_denied" });
});

test("too much at once is refused", async (context) => {
  const node = await opened(context);
  const events = Array.from({ length: 16_385 }, () => ["n", 1]);
  await assert.rejects(node.publishMany(events), { code: "invalid_argument" });
  assert.deepEqual(await node.publishMany([]), []);
});
