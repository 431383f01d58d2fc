/** A worker with a node of its own, left open or not; started by `lifecycle.test.mjs`. */

import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

import { Node } from "swarmlet";

const { path, index, way } = workerData;
/** Two are enough; of a handle that lives on, something holds it. */
const TURNS_MAX = 100;

/** A turn later, when what nobody holds is gone. */
async function collected() {
  await setImmediate();
  globalThis.gc();
}

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
  for (let turns = 0; first.deref() !== undefined; turns += 1) {
    if (turns === TURNS_MAX) {
      throw new Error(`the first handle is still there after ${TURNS_MAX} turns`);
    }
    await collected();
  }
  // The native half goes a turn later than what stands before it.
  await collected();
  await collected();
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
