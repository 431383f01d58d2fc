/** Devices: nodes that run, each with a folder that goes away when the test is over. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { SwarmletNode } from "../swarmlet-node.mjs";

const SETTINGS = {
  "gateway.listen": ["127.0.0.1:0"],
  "network.listen": ["tcp://127.0.0.1:0"],
  "network.discovery": false,
};

/** A device whose node runs, until the test is over. */
export class Device extends SwarmletNode {
  static async started(test) {
    const device = new Device(mkdtempSync(join(tmpdir(), "swarmlet-page-")));
    test.after(() => device.end());
    for (const setting of Object.entries(SETTINGS)) await device.set(...setting);
    device.address = await device.start();
    return device;
  }

  constructor(folder) {
    super(join(folder, "node"));
    this.folder = folder;
  }

  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async publish(payload, ...tags) {
    const words = tags.flatMap((tag) => ["-t", tag]);
    const file = join(this.folder, "payload.json");
    writeFileSync(file, JSON.stringify(payload));
    return this.command("publish", `@${file}`, ...words);
  }

  /** A link to the page. */
  async link() {
    const [{ url }] = await this.command("page");
    return url;
  }
}

/** A device that has founded a swarm. */
export async function founder(test, name = "office") {
  const device = await Device.started(test);
  await device.command("swarm", "create", "plant", "--device", name);
  return device;
}

/** A device that an issuer has let in. */
export async function joiner(test, issuer, name) {
  const device = await Device.started(test);
  const [{ invite }] = await issuer.command("swarm", "invite");
  await device.command("swarm", "join", invite, "--device", name);
  return device;
}
