/** Devices: the command `swarmlet` as a node that runs, each with a folder that goes away. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** Long enough for a machine that is busy with other things. */
export const SOON_MS = 30_000;

const PROGRAM = process.env.SWARMLET ?? "swarmlet";
const run = promisify(execFile);
const SETTINGS = {
  "gateway.listen": '["127.0.0.1:0"]',
  "network.listen": '["tcp://127.0.0.1:0"]',
  "network.discovery": "false",
};

/** A device whose node runs, until the test is over. */
export class Device {
  static async started(test) {
    const device = new Device(mkdtempSync(join(tmpdir(), "swarmlet-page-")));
    test.after(() => device.end());
    for (const setting of Object.entries(SETTINGS)) {
      await device.command("settings", "set", ...setting);
    }
    await device.run();
    return device;
  }

  constructor(folder) {
    this.folder = folder;
  }

  /** Starts the node, and waits until apps find it. */
  async run() {
    this.process = spawn(PROGRAM, ["-C", join(this.folder, "node"), "run", "--log", "error"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: this.process.stdout })) {
      const said = /apps find it at (http:\/\/\S+)/.exec(line);
      if (said) {
        this.address = said[1];
        return;
      }
    }
    throw new Error("the node ended before apps could find it");
  }

  /** Lets the node do nothing for a while, as if nobody reached it. */
  freeze() {
    this.process.kill("SIGSTOP");
  }

  thaw() {
    this.process.kill("SIGCONT");
  }

  /** Stops the node in good order. */
  async stop() {
    if (this.process?.exitCode !== null || this.process.signalCode !== null) return;
    const over = once(this.process, "exit");
    this.process.kill("SIGCONT");
    this.process.kill("SIGTERM");
    await over;
  }

  async end() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What a command says, a row an object. */
  async command(...words) {
    const { stdout } = await run(PROGRAM, this.words(words), { maxBuffer: 64 * 1024 * 1024 });
    return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }

  /** A command that goes on, and its first row. */
  async begun(...words) {
    // In the end the node goes away while it still waits, and it says so.
    const process = spawn(PROGRAM, this.words(words), { stdio: ["ignore", "pipe", "ignore"] });
    const over = once(process, "exit");
    for await (const line of createInterface({ input: process.stdout })) {
      return { row: JSON.parse(line), over };
    }
    throw new Error(`no answer to ${words.join(" ")}`);
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

  words(words) {
    return ["-C", join(this.folder, "node"), "--json", "--quiet", ...words];
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

/** Looks again until it holds, and says for how long it did not, in milliseconds. */
export async function until(holds, what) {
  const begun = performance.now();
  while (!(await holds())) {
    if (performance.now() - begun > SOON_MS) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - begun;
}
