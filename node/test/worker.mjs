/** A worker with a node of its own, left open or not; started by `lifecycle.test.mjs`. */

import { parentPort, workerData } from "node:worker_threads";

import { Node } from "swarmlet";

const node = await Node.open(workerData.path, { durability: "buffered" });
await node.publish("n", workerData.index);
const events = node.subscribe("FROM 'n'");
parentPort.postMessage((await events.next()).value.payload);
if (workerData.isLeaving) {
  await node.close();
} else {
  await events.next();
}
