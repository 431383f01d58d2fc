/**
 * Two devices in one swarm, each a process with a folder of its own.
 *
 * The first one founds the swarm, prints an invite, and counts the parts that the other one
 * reports:
 *
 *     node examples/two_devices.mjs found FOLDER
 *     node examples/two_devices.mjs join FOLDER INVITE
 *
 * Started again without an invite (`join FOLDER`), the second one goes on where it was; it
 * remembers where the first one is. `examples/two_devices.py` is the same program in Python, and
 * `cargo run -p swarmlet-two-devices` in Rust; each can be either side.
 */

import { Node } from "swarmlet";

/** The first device: lets the other one in, and follows what it reports. */
async function countParts(folder) {
  const node = await Node.open(folder, { appId: "com.example.dashboard" });
  const { swarm } = node;
  if (swarm.id === null) {
    const founded = await swarm.create("plant", "dashboard");
    console.log("root key, for the safe:", founded.rootKey);
    console.log("invite:", await swarm.invite());
  }

  // It goes on until somebody stops it.
  process.once("SIGINT", () => node.close());
  try {
    for await (const part of node.subscribe("FROM 'part'")) {
      console.log("part", part.payload.number);
    }
  } catch (error) {
    if (error.code !== "closed") {
      throw error;
    }
  }
}

/** The second device: joins, and reports ten parts. Offline, it would publish all the same. */
async function reportParts(folder, invite) {
  const node = await Node.open(folder, { appId: "com.example.press" });
  const { swarm } = node;
  if (invite !== undefined) {
    await swarm.join(invite, "press-7", { timeoutMs: 30_000 });
  }

  for (let number = 1; number <= 10; number += 1) {
    await node.publish(["part", "press:7"], { number });
  }
  await swarm.waitInSync({ timeoutMs: 30_000 });
  for (const peer of swarm.peers()) {
    console.log("in sync with", peer.node, "at", peer.address);
  }
  await node.close();
}

const [command, folder, ...invite] = process.argv.slice(2);
if (command === "found" && folder !== undefined && invite.length === 0) {
  await countParts(folder);
} else if (command === "join" && folder !== undefined && invite.length <= 1) {
  await reportParts(folder, ...invite);
} else {
  console.error("say `found FOLDER` or `join FOLDER [INVITE]`");
  process.exitCode = 1;
}
