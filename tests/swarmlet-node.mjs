/** Nodes for tests: `swarmlet run` as a process of its own, and commands about it. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** Long enough for a machine that is busy with other things. */
export const SOON_MS = 30_000;

/** The command; the step says where it was built. */
const PROGRAM = process.env.SWARMLET ?? "swarmlet";
/** Bytes that one command says: in a test it is all events of a node at most. */
const OUTPUT_MAX = 64 * 1024 * 1024;
const execute = promisify(execFile);

/** One node: its folder, and the process while it runs. */
export class SwarmletNode {
  #folder;
  #process = null;

  constructor(folder) {
    this.#folder = folder;
  }

  /** Starts it, and gives the address at which apps find it. */
  async start() {
    const words = ["--folder", this.#folder, "run", "--log", "error"];
    this.#process = spawn(PROGRAM, words, { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of createInterface({ input: this.#process.stdout })) {
      const found = /^apps find it at (http:\/\/\S+)$/.exec(line);
      if (found) return found[1];
    }
    throw new Error("the node ended before apps could find it");
  }

  /** Takes it down as a service manager does, also when it is frozen. */
  async stop() {
    const process = this.#process;
    this.#process = null;
    // One that has died by a signal has no exit code, and is over as well.
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    const over = once(process, "exit");
    process.kill("SIGCONT");
    process.kill("SIGTERM");
    await over;
  }

  /** Lets it do nothing for a while, as if nobody reached it. */
  freeze() {
    this.#process.kill("SIGSTOP");
  }

  thaw() {
    this.#process.kill("SIGCONT");
  }

  /** What a command says about it, a row an object. */
  async command(...words) {
    const { stdout } = await execute(PROGRAM, this.#words(words), { maxBuffer: OUTPUT_MAX });
    return stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }

  /** A command that goes on, and its first row. */
  async begun(...words) {
    // In the end the node goes away while it still waits, and it says so.
    const process = spawn(PROGRAM, this.#words(words), { stdio: ["ignore", "pipe", "ignore"] });
    const over = once(process, "exit");
    for await (const line of createInterface({ input: process.stdout })) {
      return { row: JSON.parse(line), over };
    }
    throw new Error(`no answer to ${words.join(" ")}`);
  }

  /** A setting, from the next start on. */
  async set(name, value) {
    await this.command("settings", "set", name, JSON.stringify(value));
  }

  #words(words) {
    return ["--folder", this.#folder, "--json", "--quiet", ...words];
  }
}

/** Waits until something is so, and gives it. */
export async function until(what, isSo) {
  const deadline = Date.now() + SOON_MS;
  for (;;) {
    const found = await isSo();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
