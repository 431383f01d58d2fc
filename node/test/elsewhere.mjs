/**
 * What other runtimes have to do right, as a program: it is run by `runtimes.test.mjs` in each.
 *
 *     RUNTIME elsewhere.mjs FOLDER (end | exit | worker)
 */

import assert from "node:assert/strict";
import process from "node:process";
import { Readable } from "node:stream";
import { Worker, parentPort } from "node:worker_threads";

import { InvalidQueryError, Node, TimeoutError } from "../dist/index.mjs";

const [folder, way] = process.argv.slice(2);
const node = await Node.open(folder, { durability: "buffered" });
const payload = { n: 1, bytes: Uint8Array.of(1, 2), large: 2n ** 60n, none: NaN };
await node.publish(["a"], payload);

const events = node.subscribe("FROM 'a'");
const { value: row } = await events.next();
assert.deepEqual(row.payload, payload);
assert.deepEqual(events.offsets, { [row.stream]: 0 });
await assert.rejects(events.next({ signal: AbortSignal.timeout(20) }), TimeoutError);
for await (const again of node.query("FROM 'a'").toReadable()) {
  assert.equal(again.payload.large, 2n ** 60n);
}
assert.throws(() => node.query("FROM"), InvalidQueryError);

const film = new Uint8Array(300_000).map((_, index) => index >> 3);
for (const source of [film, Readable.from([film]), new Response(film).body]) {
  const { id } = await node.blobs.put(source, { name: "film" });
  assert.deepEqual(await node.blobs.get(id, { start: 10 }).read(), film.subarray(10));
  const response = new Response(node.blobs.get(id).toReadable());
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), film);
}

if (way === "worker") {
  const worker = new Worker(new URL(import.meta.url), { argv: [`${folder}-worker`, "stay"] });
  await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await worker.terminate();
} else if (way === "stay") {
  parentPort.postMessage("here");
  await events.next();
}
console.log("leaving");
events.unref().next();
if (way === "exit") {
  process.exit(0);
}
