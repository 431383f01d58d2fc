/** Payloads: what can be published, how it comes back, what is refused. */

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { InvalidArgumentError, Node } from "swarmlet";
import { folder } from "./nodes.mjs";

let node;
let last;

before(async (context) => {
  node = await Node.open(folder(context ?? test), { durability: "buffered" });
});
test.after(() => node.close());

async function roundTrip(payload) {
  last = await node.publish("value", payload);
  const lower = last.offset > 0 ? { [last.stream]: last.offset - 1 } : {};
  const [row] = await node.query("FROM 'value'", { lower }).toArray();
  return row.payload;
}

function nested(depth) {
  let value = 0;
  for (let level = 0; level < depth; level += 1) {
    value = [value];
  }
  return value;
}

const SAME = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  23,
  24,
  255,
  256,
  65_535,
  65_536,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  2n ** 53n,
  -(2n ** 53n),
  2n ** 63n - 1n,
  2n ** 64n - 1n,
  -(2n ** 63n),
  -2.5,
  0.1,
  1e300,
  5e-324,
  2 ** 60,
  NaN,
  Infinity,
  -Infinity,
  "",
  "text",
  "\u00e4\u4e16\u{1f600}\u0000\u2028\"\\",
  "x".repeat(23),
  "x".repeat(24),
  "\u00e4".repeat(20),
  "\u4e16".repeat(100),
  "\u4e16".repeat(30_000),
  new Uint8Array(),
  Uint8Array.of(0, 255),
  Uint8Array.from({ length: 256 }, (_, index) => index),
  Uint8Array.of(1, 2, 3, 4),
  [],
  [1, [2, [3, []]]],
  {},
  { "": null, a: { b: [1, "two", Uint8Array.of(3), 4.5, null, true] } },
  { $b: "AAEC", $: 1, $$: { $k: [] }, $f: "NaN" },
  { $i: "7" },
  { list: [{ $m: 1n << 60n }] },
];

for (const [index, payload] of SAME.entries()) {
  test(`value ${index} comes back the same`, async () => {
    assert.deepEqual(await roundTrip(payload), payload);
  });
}

test("the order of keys is kept", async () => {
  assert.deepEqual(Object.keys(await roundTrip({ z: 1, a: 2, m: 3 })), ["z", "a", "m"]);
});

test("a key named __proto__ is a key like others", async () => {
  const payload = JSON.parse('{"__proto__": {"a": 1}, "b": 2}');
  const back = await roundTrip(payload);
  assert.deepEqual(Object.entries(back), [["__proto__", { a: 1 }], ["b", 2]]);
  assert.equal(Object.getPrototypeOf(back), Object.prototype);
  const special = JSON.parse('{"__proto__": {"$b": 1}, "b": 2}');
  const again = await roundTrip(special);
  assert.deepEqual(Object.entries(again), [["__proto__", { $b: 1 }], ["b", 2]]);
  assert.equal(Object.getPrototypeOf(again), Object.prototype);
});

test("kin come back as their plain type", async () => {
  const nothing = Object.assign(Object.create(null), { a: 1 });
  assert.deepEqual(await roundTrip(nothing), { a: 1 });
  assert.deepEqual(await roundTrip(Buffer.from("ab")), Uint8Array.of(97, 98));
  assert.deepEqual(await roundTrip(Uint8Array.of(1, 2).buffer), Uint8Array.of(1, 2));
  assert.deepEqual(await roundTrip(new Map([["a", 1]])), { a: 1 });
  assert.deepEqual(await roundTrip(7n), 7);
  assert.deepEqual(await roundTrip({ a: undefined, b: 1 }), { b: 1 });
  assert.deepEqual(await roundTrip(undefined), null);
});

test("depth is bounded, for what contains itself too", async () => {
  assert.deepEqual(await roundTrip(nested(128)), nested(128));
  await assert.rejects(node.publish("value", nested(129)), /nested deeper than 128/);
  const itself = [];
  itself.push(itself);
  await assert.rejects(node.publish("value", itself), /or contains itself/);
});

test("size is bounded", async () => {
  const most = new Uint8Array(1024 * 1024 - 5);
  assert.deepEqual(await roundTrip(most), most);
  const over = new Uint8Array(most.length + 1);
  const told = { message: /at most 1 MiB/, details: { bytes: String(1024 * 1024 + 1) } };
  await assert.rejects(node.publish("value", over), told);
  await assert.rejects(node.publish("value", [most, most]), /at most 1 MiB/);
  await assert.rejects(node.publish("value", "x".repeat(2 ** 21)), /at most 1 MiB/);
});

const MISFITS = [
  [2n ** 64n, /from -2\^63 to 2\^64 - 1/],
  [-(2n ** 63n) - 1n, /from -2\^63 to 2\^64 - 1/],
  [{ a: [0, new Set([1])] }, /type Set \(at payload\["a"\]\[1\]\)/],
  [{ a: { b: Symbol("s") } }, /type symbol \(at payload\["a"\]\["b"\]\)/],
  [() => 1, /type function/],
  [[undefined], /type undefined \(at payload\[0\]\)/],
  [new Date(0), /type Date/],
  [new (class Point {})(), /type Point/],
  [new Map([[1, 2]]), /key of a payload must be a string/],
  ["\ud800", /lone surrogates/],
  [{ "\ud800": 1 }, /lone surrogates/],
  [new Float64Array(1), /type Float64Array/],
];

for (const [payload, message] of MISFITS) {
  test(`what does not fit is named: ${message}`, async () => {
    await assert.rejects(node.publish("value", payload), (error) => {
      assert.ok(error instanceof InvalidArgumentError);
      assert.equal(error.operation, "publish");
      assert.match(error.message, message);
      return true;
    });
  });
}

test("tags are strings", async () => {
  for (const tags of [7, null, undefined, [7], ["\ud800"], {}, [""]]) {
    await assert.rejects(node.publish(tags, 1), { code: "invalid_argument" });
  }
  const misfits = [7, null, [7], [null], "text", [["a"]], [["a", 1, 2]], [[]]];
  for (const events of misfits) {
    await assert.rejects(node.publishMany(events), { code: "invalid_argument" });
  }
  const tags = ["\u00e4", "b".repeat(30), "\u4e16".repeat(8)];
  await node.publish(new Set(tags), 1);
  const [row] = await node.query("FROM '\u00e4'").toArray();
  assert.deepEqual(new Set(row.tags), new Set(tags));
});
