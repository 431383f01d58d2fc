/**
 * Packs what is published: the package, and the one with the native half of a platform.
 *
 *     node node/tools/pack.mjs ADDON PLATFORM FOLDER
 *
 * ADDON is the built library, PLATFORM one of the optional dependencies, say linux-x64-gnu, or
 * `here`; the two archives are left in FOLDER.
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync } from "node:fs";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));

/** The platform that this program runs on. */
export function here() {
  const glibc = process.report.getReport().header.glibcVersionRuntime;
  const library = process.platform === "linux" ? (glibc ? "-gnu" : "-musl") : "";
  return `${process.platform}-${process.arch}${library}`;
}

/** Packs both; gives the paths of the archives. */
function pack(addon, platform, folder) {
  const staging = mkdtempSync(join(tmpdir(), "swarmlet-pack-"));
  try {
    return packFrom(staging, addon, platform, resolve(folder));
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function packFrom(staging, addon, platform, folder) {
  const name = `@swarmlet/node-${platform}`;
  if (!(name in manifest.optionalDependencies)) {
    const known = Object.keys(manifest.optionalDependencies).join(", ");
    throw new Error(`there is no package ${name}; there are ${known}`);
  }
  const front = staged(staging, "swarmlet", manifest);
  cpSync(join(home, "README.md"), join(front, "README.md"));
  const isFront = (path) => !path.endsWith(".node");
  cpSync(join(home, "dist"), join(front, "dist"), { recursive: true, filter: isFront });

  const [os, cpu, libc] = platform.split("-");
  const { version, license, author, engines } = manifest;
  const description = `The native half of swarmlet for ${platform}.`;
  const own = { name, version, description, license, author, engines, main: "swarmlet.node" };
  const library = libc === "gnu" ? "glibc" : libc;
  const place = { os: [os], cpu: [cpu], ...(library ? { libc: [library] } : {}) };
  const native = staged(staging, platform, { ...own, ...place });
  copySlim(addon, join(native, "swarmlet.node"));
  return [front, native].map((source) => archive(source, folder));
}

/** Without debug information, if a program can take it away. */
function copySlim(from, to) {
  try {
    execFileSync("strip", ["-S", "-o", to, from]);
  } catch {
    copyFileSync(from, to);
  }
}

/** An empty folder with manifest and licence, for the rest of a package. */
function staged(folder, name, own) {
  const made = join(folder, name);
  mkdirSync(made, { recursive: true });
  writeFileSync(join(made, "package.json"), `${JSON.stringify(own, null, 2)}\n`);
  copyFileSync(join(home, "../LICENSE"), join(made, "LICENSE"));
  return made;
}

function archive(source, folder) {
  const words = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const said = execFileSync("npm", words, { cwd: source, encoding: "utf8" });
  const [packed] = Object.values(JSON.parse(said));
  return join(folder, packed.filename);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [addon, platform, folder] = process.argv.slice(2);
  console.log(pack(addon, platform === "here" ? here() : platform, folder).join("\n"));
}
