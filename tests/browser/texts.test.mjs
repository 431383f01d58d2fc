/** What the page is made of, looked at without a browser. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { visible } from "../../core/gateway/page/foreign.mjs";
import { headline, others } from "../../core/gateway/page/swarm.mjs";

const PAGE = join(dirname(fileURLToPath(import.meta.url)), "../../core/gateway/page");
const read = (name) => readFileSync(join(PAGE, name), "utf8");
const texts = (language) => JSON.parse(read(`${language}.json`));
/** Bytes of everything: it is in every program that has a gateway. */
const SIZE_MAX = 128 * 1024;

test("both languages say the same things with the same values", () => {
  const [english, german] = [texts("en"), texts("de")];
  assert.deepEqual(Object.keys(english), Object.keys(german));
  const values = (text) => [...JSON.stringify(text).matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  for (const key of Object.keys(english)) {
    const [one, other] = [new Set(values(english[key])), new Set(values(german[key]))];
    assert.deepEqual([...one].sort(), [...other].sort(), key);
  }
});

test("what is said is there, and nothing else", () => {
  const english = texts("en");
  const sources = readdirSync(PAGE).filter((name) => /\.(mjs|html)$/.test(name)).map(read).join("");
  const literal = [...sources.matchAll(/["'`]([a-z]\w*(?:\.\w+)+)["'`]/g)].map(([, key]) => key);
  const isFile = (key) => /\.(mjs|json|css|svg)$/.test(key) || key.startsWith("swarmlet.");
  const missing = literal.filter((key) => !isFile(key) && !(key in english));
  assert.deepEqual(missing, []);
  const built = [...sources.matchAll(/`([a-z.]+\.)\$\{/g)].map(([, start]) => start);
  const isUsed = (key) => {
    return sources.includes(`"${key}"`) || built.some((start) => key.startsWith(start));
  };
  assert.deepEqual(Object.keys(english).filter((key) => !isUsed(key)), []);
});

test("there is no markup in the scripts, and the page stays small", () => {
  let size = 0;
  for (const name of readdirSync(PAGE)) {
    size += statSync(join(PAGE, name)).size;
    if (!name.endsWith(".mjs")) continue;
    assert.doesNotMatch(read(name), /innerHTML|outerHTML|insertAdjacentHTML|document\.write/, name);
    assert.doesNotMatch(read(name), /\beval\b|new Function/, name);
  }
  const inline = /<script(?! type="module" src)|<style| style=| on[a-z]+=/;
  assert.doesNotMatch(read("index.html"), inline);
  assert.ok(size < SIZE_MAX, `${size} bytes`);
});

test("what is not seen in a text is shown, and no text is too long", () => {
  assert.equal(visible("press-7"), "press-7");
  assert.equal(visible("a\u202eb\nc"), "a\\u{202e}b\\u{a}c");
  assert.equal(visible("\u{1f469}\u200d\u{1f527}"), "\u{1f469}\u200d\u{1f527}");
  assert.equal(visible(`a${"\u0301".repeat(100)}b`), "a\u0301\u0301\u0301b");
  assert.equal(visible("\u{1f600}".repeat(81)), `${"\u{1f600}".repeat(80)}\u2026`);
  assert.equal(visible("x".repeat(1e6), 3), "xxx\u2026");
});

const member = (node, more = {}) => ({ node, name: node, isOwn: false, isRevoked: false, ...more });
const peer = (node, more = {}) => ({ node, name: node, behind: 0, ahead: 0, ...more });

test("the headline says in a word how the swarm is", () => {
  const own = member("me", { isOwn: true });
  const state = (more) => {
    const members = more.members ?? [own, member("b"), member("c")];
    const standing = { swarm: "s", isInSync: true, behind: 0, ahead: 0, peers: [] };
    return { ...standing, members, memberCount: members.length, ...more };
  };
  const kind = (more) => headline(state(more)).kind;
  assert.equal(kind({ swarm: null, members: [] }), "outside");
  assert.equal(kind({ members: [own, member("b", { isRevoked: true })] }), "only");
  assert.equal(kind({}), "alone");
  assert.equal(kind({ peers: [peer("b")] }), "sync");
  assert.equal(kind({ peers: [peer("b")], behind: 3 }), "behind");
  assert.equal(kind({ peers: [peer("b")], ahead: 3, isInSync: false }), "ahead");
  assert.equal(kind({ peers: [peer("b")], isInSync: false }), "comparing");
  const count = (more) => headline(state(more)).values.others;
  assert.equal(count({}), 2);
  assert.equal(count({ memberCount: 1200 }), 1199);
  // Those that are put out come last, so that the ones that are not told of are put out as well.
  const members = [own, member("b"), member("c", { isRevoked: true })];
  assert.equal(count({ members, memberCount: 1200 }), 1);
});

test("each device stands as it is reached, connected ones first", () => {
  const members = [
    member("me", { isOwn: true }), member("d", { isRevoked: true }), member("c"), member("b"),
  ];
  const peers = [peer("b", { behind: 2 }), peer("x", { ahead: 1 })];
  const stands = others({ members, peers }).map(({ node, standing }) => `${node} ${standing}`);
  assert.deepEqual(stands, ["b behind", "x ahead", "c away", "d revoked"]);
});
