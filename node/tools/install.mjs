/**
 * Installs the packed package in an empty folder, without a network, and uses it from there: by
 * `import`, by `require`, and without the native half, which must be named then.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { pack } from "./pack.mjs";

const addon = fileURLToPath(new URL("../dist/swarmlet.node", import.meta.url));
const glibc = process.report.getReport().header.glibcVersionRuntime;
const library = process.platform === "linux" ? (glibc ? "-gnu" : "-musl") : "";
const platform = `${process.platform}-${process.arch}${library}`;

const USE = `
  (async () => {
    const node = await Node.open("data", { durability: "buffered" });
    await node.publish("a", { n: 1 });
    for await (const row of node.query("FROM 'a'")) console.log(row.payload.n, version);
    await node.close();
  })();
`;

const folder = mkdtempSync(join(tmpdir(), "swarmlet-install-"));
try {
  const [front, native] = pack(slim(addon), platform, folder);
  writeFileSync(join(folder, "package.json"), '{ "name": "app", "private": true }');
  run("npm", "install", "--offline", "--omit=optional", "--ignore-scripts", front);
  const missing = attempt("-e", 'require("swarmlet")');
  assert.match(missing, new RegExp(`needs the package @swarmlet/node-${platform}`));
  run("npm", "install", "--offline", "--omit=optional", "--ignore-scripts", front, native);
  const installed = join(folder, "node_modules/swarmlet");
  assert.ok(!readdirSync(join(installed, "dist")).includes("swarmlet.node"));
  assert.ok(readdirSync(installed).includes("LICENSE"));
  const required = `const { Node, version } = require("swarmlet");${USE}`;
  assert.match(run(process.execPath, "-e", required), /^1 \d/);
  const imported = `import { Node, version } from "swarmlet";${USE}`;
  assert.match(run(process.execPath, "--input-type=module", "-e", imported), /^1 \d/m);
  console.log(`installed and used: swarmlet with @swarmlet/node-${platform}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Without debug information, which takes long to pack, if a program can take it away. */
function slim(path) {
  const stripped = join(folder, "stripped.node");
  try {
    execFileSync("strip", ["-S", "-o", stripped, path]);
    return stripped;
  } catch {
    return path;
  }
}

function run(program, ...words) {
  const stdio = ["ignore", "pipe", "pipe"];
  return execFileSync(program, words, { cwd: folder, encoding: "utf8", stdio });
}

function attempt(...words) {
  try {
    return run(process.execPath, ...words);
  } catch (error) {
    return error.message;
  }
}
