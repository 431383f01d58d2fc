/** Bun and Deno: the same package does the same, and ends as cleanly. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { SOON_MS, folder } from "./nodes.mjs";

const tool = (path) => fileURLToPath(new URL(`../tools/node_modules/${path}`, import.meta.url));
const program = fileURLToPath(new URL("elsewhere.mjs", import.meta.url));
const RUNTIMES = [
  ["node", process.execPath, []],
  ["bun", tool("@oven/bun-linux-x64/bin/bun"), ["run"]],
  // What the guide says is enough.
  ["deno", tool("@deno/linux-x64-glibc/deno"), ["run", "--allow-ffi", "--allow-read"]],
];

for (const [name, runtime, words] of RUNTIMES) {
  const skip = existsSync(runtime) ? false : `there is no ${name} for this platform`;
  for (const way of ["end", "exit", "worker"]) {
    test(`${name}: ${way}`, { skip }, async (context) => {
      const given = [...words, program, folder(context), way];
      const options = { timeout: SOON_MS, killSignal: "SIGKILL" };
      const { stdout, stderr } = await promisify(execFile)(runtime, given, options);
      assert.equal(stdout, "leaving\n");
      assert.doesNotMatch(stderr, /panic|error/i);
    });
  }
}
