/** The examples in JavaScript do what they say, and README and guide quote them. */

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { SOON_MS } from "./nodes.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A folder in which the package is installed, with an example in it. */
function project(context, example) {
  const made = mkdtempSync(join(tmpdir(), "swarmlet-example-"));
  context.after(() => rmSync(made, { recursive: true, force: true }));
  mkdirSync(join(made, "node_modules"));
  symlinkSync(join(root, "node"), join(made, "node_modules/swarmlet"));
  copyFileSync(join(root, "examples", example), join(made, example));
  return made;
}

async function ran(cwd, ...words) {
  const options = { cwd, timeout: 2 * SOON_MS };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, words, options);
  assert.equal(stderr, "");
  return stdout;
}

test("the press runs twice on one folder", async (context) => {
  const folder = project(context, "press.mjs");
  assert.match(await ran(folder, "press.mjs"), /^stopped: .* jam\n.*resume from/);
  assert.match(await ran(folder, "press.mjs"), /^stopped: .*\nstopped: .*\n/);
});

test("the tour runs", async (context) => {
  const shown = await ran(project(context, "tour.mjs"), "tour.mjs");
  const parts = ["jam cost 2 parts", "jam 1 2", "next: jam", "invalid_query fix_call", "^--"];
  for (const part of parts) {
    assert.ok(shown.includes(part), `${part}: ${shown}`);
  }
});

test("the tour of blobs runs", async (context) => {
  const shown = await ran(project(context, "blobs.mjs"), "blobs.mjs");
  const parts = [
    "new blob drawing.png blob,blob-name:drawing.png,blob:",
    "saved true",
    "played 500000 of 500000",
    "jam.mp4 of",
    "is here",
    "kept by 0 other",
  ];
  for (const part of parts) {
    assert.ok(shown.includes(part), `${part}: ${shown}`);
  }
});

test("two devices find each other", async (context) => {
  const folder = project(context, "two_devices.mjs");
  const words = ["two_devices.mjs", "found", "dashboard"];
  const dashboard = spawn(process.execPath, words, { cwd: folder });
  context.after(() => dashboard.kill("SIGKILL"));
  const lines = createInterface({ input: dashboard.stdout })[Symbol.asyncIterator]();
  assert.match((await lines.next()).value, /^root key/);
  const invite = (await lines.next()).value.replace("invite: ", "");
  const said = await ran(folder, "two_devices.mjs", "join", "press", invite);
  assert.match(said, /^in sync with \S{43} at /);
  const parts = [];
  while (parts.length < 10) {
    parts.push((await lines.next()).value);
  }
  assert.deepEqual(parts, Array.from({ length: 10 }, (_, index) => `part ${index + 1}`));
  const ended = new Promise((resolve) => dashboard.once("exit", resolve));
  dashboard.kill("SIGINT");
  assert.equal(await ended, 0);
});

/** Every JavaScript block of the document is in one of the programs, indented or not. */
function checkQuotes(document, programs) {
  const trimmed = (text) => text.split("\n").map((line) => line.trim()).join("\n");
  const read = (path) => readFileSync(join(root, path), "utf8");
  const texts = programs.map((path) => trimmed(read(path)));
  const blocks = [...read(document).matchAll(/^```(?:js|javascript)\n(.*?)^```/gms)];
  assert.ok(blocks.length > 0, document);
  for (const [, block] of blocks) {
    const wanted = trimmed(block).trimEnd();
    assert.ok(texts.some((text) => text.includes(wanted)), `${document} quotes nobody:\n${block}`);
  }
}

test("documents quote programs that run", () => {
  const programs = ["blobs", "press", "tour", "two_devices"].map((name) => `examples/${name}.mjs`);
  checkQuotes("README.md", programs);
  checkQuotes("docs/guide/nodejs.md", programs);
  checkQuotes("node/README.md", programs);
});
