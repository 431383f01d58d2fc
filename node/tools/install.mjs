/**
 * Installs the packed package in an empty folder, without a network, and uses it from there: by
 * `import`, by `require`, and without the native half, which must be named then.
 *
 *     node node/tools/install.mjs FRONT NATIVE
 *
 * Both are archives that pack.mjs made.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { here } from "./pack.mjs";

const [front, native] = process.argv.slice(2).map((archive) => resolve(archive));
const platform = here();

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
