/**
 * The first steps: publish, query, subscribe.
 *
 *     node examples/press.mjs
 */

import { Node } from "swarmlet";

const node = await Node.open("press-7", { appId: "com.example.press" });

// The event is on the disk, synced, when this is done.
await node.publish(["press:7", "stopped"], { reason: "jam" });

// What has happened so far.
for await (const row of node.query("FROM 'press:7' & 'stopped'")) {
  console.log("stopped:", row.time, row.payload.reason);
}

// What has happened and then what happens: nothing is missed in between.
const live = node.subscribe("FROM 'press:7'");
for await (const row of live) {
  console.log(row.tags, "resume from", live.offsets);
  break;
}
await node.close();
