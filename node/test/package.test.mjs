/** The package: for import and require, its loader, and what the native half offers. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as imported from "swarmlet";

const require = createRequire(import.meta.url);
const required = require("swarmlet");
const { load, native, packagesFor } = require("../dist/native.js");
const manifest = require("swarmlet/package.json");

test("import and require give the same", () => {
  const names = Object.keys(required).sort();
  // What says of a CommonJS module what it was compiled from.
  const marks = ["__esModule", "default", "module.exports"];
  assert.deepEqual(Object.keys(imported).filter((name) => !marks.includes(name)).sort(), names);
  for (const name of names) {
    assert.equal(imported[name], required[name], name);
  }
  assert.ok(names.includes("Node") && names.includes("InvalidQueryError"));
});

test("the native half has what the front calls, and nothing else", () => {
  const text = readFileSync(new URL("../src/native.ts", import.meta.url), "utf8");
  const isClass = (name) => /^[A-Z]/.test(name);
  const offered = (name) => {
    const own = name === "" ? Object.keys(native) : methods(native[name]);
    // Of classes the front makes ports only.
    return own.filter((each) => !isClass(each) || each === "Port");
  };
  const called = new Map();
  const bases = new Set();
  const interfaces = /export interface Native(\w*)(?: extends Native(\w+))? \{\n(.*?)\n\}/gs;
  for (const [, name, base, body] of text.matchAll(interfaces)) {
    const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map((each) => each[1]);
    called.set(name, [...members, ...(called.get(base) ?? [])].sort());
    bases.add(base);
  }
  // What several classes have in common is no class itself.
  const names = [...called.keys()].filter((name) => !bases.has(name));
  assert.deepEqual(names.sort(), ["", ...Object.keys(native).filter(isClass)].sort());
  for (const name of names) {
    assert.deepEqual(called.get(name), offered(name).sort(), `Native${name}`);
  }
});

function methods(kind) {
  return Object.getOwnPropertyNames(kind.prototype).filter((each) => each !== "constructor");
}

test("the loader names the platform, the package and the reason", () => {
  const missing = (name) => {
    throw new Error(`Cannot find module '${name}'`);
  };
  assert.throws(() => load("linux", "x64", manifest, missing), (error) => {
    assert.match(error.message, /cannot be loaded on linux x64/);
    assert.match(error.message, /needs the package @swarmlet\/node-linux-x64-gnu or @swarmlet/);
    assert.match(error.message, /node-linux-x64-musl: Cannot find module/);
    return true;
  });
  assert.throws(() => load("plan9", "mips", manifest, missing), /plan9 mips: there is no package/);
  const wrong = { version: () => "0.0.1" };
  assert.throws(() => load("darwin", "arm64", manifest, () => wrong), /it is version 0.0.1, but/);
  const right = { version: () => manifest.version };
  const second = (name) => (name.endsWith("musl") ? right : missing(name));
  assert.equal(load("linux", "arm64", manifest, second), right);
  assert.deepEqual(packagesFor("darwin", "x64"), ["@swarmlet/node-darwin-x64"]);
});

test("nothing is run when the package is installed", () => {
  assert.equal(manifest.scripts, undefined);
  assert.equal(manifest.dependencies, undefined);
});
