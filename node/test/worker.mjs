/** A worker with a node of its own, left open or not; started by `lifecycle.test.mjs`. */

import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

import { Node } from "swarmlet";

const { path, index, way } = workerData;

/** Another handle of a node whose first one was collected. */
async function scoped() {
  const first = await Node.open(path, { durability: "buffered" });
  return [first.scoped("com.example.worker"), new WeakRef(first)];
}

async function opened() {
  if (way !== "scoped") {
    return Node.open(path, { durability: "buffered" });
  }
  const [node, first] = await scoped();
  // The native half goes a turn later than what stands before it.
  for (let turns = 2; turns > 0; turns -= first.deref() === undefined ? 1 : 0) {
    await setImmediate();
    globalThis.gc();
  }
  await setImmediate();
  return node;
}

const node = await opened();
await node.publish("n", index);
const events = node.subscribe("FROM 'n'");
const { value } = await events.next();
// Something that a closing node has to write, for which nobody waits.
for (let rest = 0; rest < 40; rest += 1) {
  node.publish("rest", new Uint8Array(400_000)).catch(() => undefined);
}
parentPort.postMessage(value.payload);
if (way === "leave") {
  await node.close();
} else {
  await events.next();
}
