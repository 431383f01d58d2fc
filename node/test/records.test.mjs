/** What is said and known of blobs: records, policies, deletions, pins, how much is here. */

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { BlobInfo, Node } from "swarmlet";
import { SOON_MS, folder, founder, joiner, numbers, opened } from "./nodes.mjs";

const bytes = (text) => new TextEncoder().encode(text);
const FILM = bytes("film");
const NOBODY = "0".repeat(64);

/** The next that is handed out, at the latest after a while. */
async function next(stream) {
  const { done, value } = await stream.next({ signal: AbortSignal.timeout(SOON_MS) });
  assert.ok(!done);
  return value;
}

/** Waits until a stream hands out what is looked for. */
async function found(stream, isWanted) {
  for (;;) {
    const value = await next(stream);
    if (isWanted(value)) {
      return value;
    }
  }
}

test("a record says what was said, and rows of it say the same", async (context) => {
  const node = await opened(context, { appId: "com.example.press" });
  const tomorrow = new Date(Date.now() + 86_400_000);
  const policies = [
    [{}, { hold: "everyone", keep: "forever" }],
    [{ hold: "everyone", keep: "forever" }],
    [{ hold: "onDemand", keep: "whileReferenced" }],
    [{ hold: { copies: 3 }, keep: { until: tomorrow } }],
    [{ hold: { labels: { hall: "2" } }, keep: { untilNext: ["press:7"] } }],
    [{ hold: "everyone", keep: { untilNext: [] } }],
  ];
  for (const [given, expected = given] of policies) {
    const said = { name: "jam.jpeg", mediaType: "image/jpeg", tags: ["press:7"] };
    const info = await node.blobs.put(FILM, { ...said, ...given });
    const { id, size, name, mediaType, hold, keep, tags, key, appId } = info;
    assert.deepEqual([size, name, mediaType, appId], [4, said.name, said.mediaType, node.appId]);
    assert.deepEqual({ hold, keep }, expected);
    const own = ["blob", `blob:${id}`, "blob-name:jam.jpeg", "press:7"];
    assert.deepEqual([...tags].sort(), own.sort());
    assert.equal(key.stream, `${node.id}-0`);
    assert.ok(Math.abs(info.time - Date.now()) < SOON_MS);
    const [row] = await node.query("FROM 'blob' & 'press:7' LIMIT 1", { order: "desc" }).toArray();
    assert.deepEqual(BlobInfo.fromRow(row), info);
    assert.ok(!("record" in JSON.parse(JSON.stringify(row))));
  }
  await node.publish("blob", { blob: "no record" });
  const [other] = await node.query("FROM 'blob' LIMIT 1", { order: "desc" }).toArray();
  assert.equal(BlobInfo.fromRow(other), null);
  const [count] = await node.query("FROM 'blob' AGGREGATE COUNT(_)").toArray();
  assert.equal(BlobInfo.fromRow(count), null);
});

test("list ends, changes go on, and both are handed out one by one", async (context) => {
  const { blobs } = await opened(context);
  const stored = numbers(300).map((n) => blobs.put(bytes(`${n}`), { name: `n${n}` }));
  const infos = (await Promise.all(stored)).sort((a, b) => a.key.offset - b.key.offset);
  const names = infos.map((info) => info.name);
  const listed = [];
  for await (const info of blobs.list()) {
    assert.ok(info instanceof BlobInfo);
    listed.push(info.name);
  }
  assert.deepEqual(listed, names);
  const changes = blobs.changes();
  for (const name of names) {
    assert.equal((await next(changes)).info.name, name);
  }
  const late = changes.next({ signal: AbortSignal.timeout(10) });
  await assert.rejects(late, { code: "timeout", operation: "changes" });
  const { id, key } = await blobs.put(FILM, { name: "last" });
  const change = await next(changes);
  assert.deepEqual([change.id, change.info.name, change.key], [id, "last", key]);
  assert.equal(await blobs.delete(id), 0);
  const gone = await next(changes);
  assert.deepEqual([gone.id, gone.info], [id, null]);
  assert.ok(gone.key.offset > key.offset);
  const some = blobs.list();
  assert.equal((await next(some)).name, names[0]);
  some.cancel();
  assert.deepEqual(await some.next(), { done: true, value: undefined });
  const ending = new AbortController();
  const ended = blobs.list({ signal: ending.signal });
  await next(ended);
  ending.abort();
  await assert.rejects(ended.next(), { code: "cancelled", operation: "list" });
});

test("a blob is watched, pinned, deleted, and gone", async (context) => {
  const { blobs } = await opened(context);
  const { id } = await blobs.put(FILM);
  const states = blobs.watch(id);
  assert.deepEqual(await next(states), { type: "here", size: 4 });
  assert.deepEqual(await blobs.state(id), { type: "here", size: 4 });
  await blobs.pin(id);
  assert.deepEqual(await blobs.pinned(), [id]);
  assert.equal(await blobs.delete(id), 0);
  const kept = await blobs.stat(id);
  assert.deepEqual(kept, { state: { type: "here", size: 4 }, isPinned: true, records: [] });
  await blobs.unpin(id);
  assert.deepEqual(await blobs.pinned(), []);
  assert.deepEqual(await next(states), { type: "absent" });
  assert.deepEqual(await blobs.state(id), { type: "absent" });
  for await (const info of blobs.list()) {
    assert.fail(`${info.id} was deleted`);
  }
});

test("stat has the records, and usage the bytes", async (context) => {
  const { blobs } = await opened(context);
  const first = await blobs.put(FILM, { name: "first" });
  const second = await blobs.put(FILM, { name: "second" });
  const stat = await blobs.stat(first.id);
  assert.deepEqual(stat.records, [first, second]);
  assert.equal(stat.isPinned, false);
  const { bytes: used, ...usage } = await blobs.usage();
  assert.deepEqual(usage, { blobs: 1, spareBytes: 0, bytesMax: null });
  assert.ok(used >= FILM.length);
});

test("blobs have the room that they are given", async (context) => {
  const room = { blobsBytesMax: 100_000, blobsSweepPeriodMs: 50 };
  const { blobs } = await opened(context, room);
  await blobs.put(new Uint8Array(60_000));
  const large = blobs.put(new Uint8Array(60_000).fill(1));
  await assert.rejects(large, { code: "disk_full", operation: "put" });
  assert.equal((await blobs.usage()).bytesMax, room.blobsBytesMax);
  const past = { keep: { until: new Date(0) } };
  const { id } = await blobs.put(FILM, past);
  await found(blobs.watch(id), (state) => state.type === "absent");
  const path = folder(context);
  for (const options of [{ blobsBytesMax: -1 }, { blobsSweepPeriodMs: "soon" }]) {
    await assert.rejects(Node.open(path, options), { code: "invalid_argument" });
  }
});

test("devices fetch from each other what they hold, and what they read", async (context) => {
  const first = await founder(context);
  const second = await joiner(context, first);
  const changes = second.blobs.changes();
  const held = await first.blobs.put(FILM, { name: "held" });
  const { info } = await found(changes, (change) => change.id === held.id);
  assert.deepEqual(info, held);
  await found(second.blobs.watch(held.id), (state) => state.type === "here");
  const film = new Uint8Array(300_000).map((_, index) => index >> 7);
  const asked = await first.blobs.put(film, { name: "asked", hold: "onDemand" });
  await found(changes, (change) => change.id === asked.id);
  assert.deepEqual(await second.blobs.state(asked.id), { type: "absent" });
  const reader = second.blobs.get(asked.id, { signal: AbortSignal.timeout(SOON_MS) });
  assert.deepEqual(await reader.read(), film);
  assert.deepEqual(await reader.progress(), { size: film.length, here: film.length });
  await assert.rejects(second.blobs.delete(held.id), { code: "permission_denied" });
  const own = await second.blobs.put(FILM, { name: "own" });
  await found(first.blobs.changes(), (change) => change.key.stream === own.key.stream);
  assert.equal(await first.blobs.delete(held.id), 0);
});

test("a folder is stored, listed, and written elsewhere", async (context) => {
  const first = await founder(context);
  const second = await joiner(context, first);
  const app = folder(context);
  fs.mkdirSync(join(app, "js"), { recursive: true });
  fs.writeFileSync(join(app, "index.html"), "<script src=js/app.js></script>");
  fs.writeFileSync(join(app, "js", "app.js"), "start()");
  const stored = await first.blobs.putFolder(app, { name: "app", tags: "press:7" });
  assert.equal(stored.mediaType, "application/vnd.swarmlet.collection");
  assert.deepEqual([stored.name, stored.collection], ["app", null]);
  const files = await second.blobs.collection(stored.id);
  const [page, script] = files;
  assert.deepEqual(files, [
    { path: "index.html", id: page.id, size: 31 },
    { path: "js/app.js", id: script.id, size: 7 },
  ]);
  const to = pathToFileURL(join(folder(context), "installed"));
  assert.deepEqual(await second.blobs.saveFolder(stored.id, to), { written: 2, unchanged: 0 });
  fs.writeFileSync(new URL(`${to.href}/index.html`), "changed");
  assert.deepEqual(await second.blobs.saveFolder(stored.id, to), { written: 1, unchanged: 1 });
  assert.equal(fs.readFileSync(new URL(`${to.href}/js/app.js`), "utf8"), "start()");
  const { records } = await first.blobs.stat(script.id);
  assert.deepEqual(records.map((record) => record.collection), [stored.id]);
  for await (const row of first.query(`FROM 'blob:${script.id}'`)) {
    assert.equal(BlobInfo.fromRow(row).collection, stored.id);
  }

  const refused = { code: "invalid_argument", operation: "put_folder" };
  fs.symlinkSync("index.html", join(app, "link"));
  await assert.rejects(first.blobs.putFolder(app), refused);
  await assert.rejects(first.blobs.putFolder(7), refused);
  const single = await first.blobs.put(FILM);
  await assert.rejects(first.blobs.collection(single.id), { code: "corrupt" });
  await assert.rejects(first.blobs.collection("x"), { code: "invalid_argument" });
  const soon = { signal: AbortSignal.timeout(50) };
  await assert.rejects(first.blobs.saveFolder(NOBODY, to, soon), { name: "TimeoutError" });
});
