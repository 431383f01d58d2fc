/**
 * A shop floor: a machine reports parts, a tablet confirms complete orders, a dashboard counts.
 * Each is a process with a folder of its own:
 *
 *     node examples/shop_floor/shop_floor.mjs dashboard FOLDER
 *     node examples/shop_floor/shop_floor.mjs machine FOLDER INVITE
 *     node examples/shop_floor/shop_floor.mjs tablet FOLDER INVITE
 *
 * The dashboard founds the swarm, prints the invite for the other two, and goes on until somebody
 * stops it. The same program is there in the other languages, and any can be any of the three.
 */

import { Node } from "swarmlet";

const ORDERS = [4711, 4712, 4713];
const PARTS = 4;
const timeoutMs = 60_000;

/** Counts parts, and shows each order that has all of them and is confirmed. */
async function count(folder) {
  const node = await Node.open(folder, { appId: "com.example.dashboard" });
  await node.swarm.create("shop floor", "dashboard");
  console.log("invite:", await node.swarm.invite("rw:*", { uses: 2 }));

  // The two devices need not be heard in the order in which they did things.
  const parts = new Map();
  const confirmed = new Set();
  for await (const row of node.subscribe("FROM 'part' | 'confirmed' SELECT _.order")) {
    const order = row.payload;
    if (row.tags.includes("part")) {
      parts.set(order, (parts.get(order) ?? 0) + 1);
    } else {
      confirmed.add(order);
    }
    if (parts.get(order) === PARTS && confirmed.has(order)) {
      console.log(`order ${order}: ${PARTS} parts, confirmed`);
    }
  }
}

/** Makes the parts of all orders. Offline, it would report all the same. */
async function report(folder, invite) {
  const node = await Node.open(folder, { appId: "com.example.press" });
  await node.swarm.join(invite, "press-7", { timeoutMs });
  for (const order of ORDERS) {
    for (let number = 1; number <= PARTS; number += 1) {
      await node.publish(["part", "press:7", `order:${order}`], { order, number });
    }
  }
  await node.swarm.waitInSync({ timeoutMs });
  await node.close();
}

/** Confirms each order when all its parts have been reported. */
async function confirm(folder, invite) {
  const node = await Node.open(folder, { appId: "com.example.tablet" });
  await node.swarm.join(invite, "tablet-1", { timeoutMs });
  const reported = new Map();
  const missing = new Set(ORDERS);
  for await (const part of node.subscribe("FROM 'part'")) {
    const { order } = part.payload;
    const parts = (reported.get(order) ?? 0) + 1;
    reported.set(order, parts);
    if (parts === PARTS) {
      await node.publish(["confirmed", `order:${order}`], { order, parts });
      missing.delete(order);
    }
    if (missing.size === 0) {
      break;
    }
  }
  await node.swarm.waitInSync({ timeoutMs });
  await node.close();
}

const [role, folder, invite] = process.argv.slice(2);
if (role === "dashboard" && folder !== undefined && invite === undefined) {
  await count(folder);
} else if (role === "machine" && invite !== undefined) {
  await report(folder, invite);
} else if (role === "tablet" && invite !== undefined) {
  await confirm(folder, invite);
} else {
  console.error("say `dashboard FOLDER`, `machine FOLDER INVITE` or `tablet FOLDER INVITE`");
  process.exitCode = 1;
}
