/** Blobs: stored from wherever bytes come, read as they come; what is given up leaves nothing. */

import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { BlobReader, CancelledError, Node, TimeoutError } from "swarmlet";
import { SOON_MS, folder, founder, numbers, opened, until } from "./nodes.mjs";

const FILM = new Uint8Array(1_000_000).map((_, index) => (index * 7919) >> 5);
/** What b3sum prints of nothing. */
const NOTHING = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

const soon = () => AbortSignal.timeout(SOON_MS);

/** A node, and its folder of blobs. */
async function placed(context, options = {}) {
  const path = folder(context);
  const node = await Node.open(path, { durability: "buffered", ...options });
  context.after(() => node.close());
  return { node, files: () => fs.readdirSync(join(path, "blobs")) };
}

async function* slices(bytes, length) {
  for (let start = 0; start < bytes.length; start += length) {
    yield bytes.subarray(start, start + length);
  }
}

test("bytes in memory come back, and are named by their hash", async (context) => {
  const { blobs } = await opened(context);
  const nothing = await blobs.put(new Uint8Array());
  assert.deepEqual([nothing.id, nothing.size, nothing.name], [NOTHING, 0, null]);
  assert.deepEqual(await blobs.get(NOTHING).read(), new Uint8Array());
  const film = await blobs.put(FILM);
  const view = FILM.subarray(3, 500_003);
  const sorts = [
    [FILM.buffer, film.id],
    [Buffer.from(FILM), film.id],
    [new DataView(FILM.buffer), film.id],
    [new Uint16Array(FILM.buffer), film.id],
    [view, (await blobs.put(view.slice())).id],
  ];
  for (const [bytes, id] of sorts) {
    assert.equal((await blobs.put(bytes)).id, id);
  }
  const read = await blobs.get(film.id).read();
  assert.equal(Object.getPrototypeOf(read), Uint8Array.prototype);
  assert.deepEqual(read, FILM);
});

test("chunks of any length and sort make the same blob", async (context) => {
  const { blobs } = await opened(context);
  const { id } = await blobs.put(FILM);
  const path = `${folder(context)}-film`;
  fs.writeFileSync(path, FILM);
  function* plain() {
    yield FILM.subarray(0, 1);
    yield new ArrayBuffer(0);
    yield FILM.subarray(1);
  }
  const sources = [
    [FILM],
    plain(),
    slices(FILM, 777),
    slices(FILM, 600_000),
    fs.createReadStream(path),
    Readable.from(slices(FILM, 5000)),
    new Blob([FILM]).stream(),
    new Response(FILM).body,
  ];
  for (const source of sources) {
    const info = await blobs.put(source, { signal: soon() });
    assert.deepEqual([info.id, info.size], [id, FILM.length]);
  }
});

test("a file is stored under its name, unless another is given", async (context) => {
  const { blobs } = await opened(context);
  const place = folder(context);
  fs.mkdirSync(place);
  const path = join(place, "drawing 7.svg");
  fs.writeFileSync(path, FILM);
  const info = await blobs.putFile(path, { mediaType: "image/svg+xml" });
  assert.deepEqual([info.name, info.mediaType], ["drawing 7.svg", "image/svg+xml"]);
  const named = await blobs.putFile(pathToFileURL(path), { name: "other" });
  assert.deepEqual([named.id, named.name, named.mediaType], [info.id, "other", null]);
  assert.ok(fs.existsSync(path));
  await assert.rejects(blobs.putFile(join(place, "none")), { code: "not_found" });
  await assert.rejects(blobs.putFile(place), { code: "invalid_argument", operation: "put" });
  await assert.rejects(blobs.putFile(path, { signal: AbortSignal.abort() }), CancelledError);
});

test("no chunk is asked for before the one before it was dealt with", async (context) => {
  const { node } = await placed(context);
  const chunk = new Uint8Array(1024 * 1024);
  let asked = 0;
  let isAnswered = true;
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        assert.ok(isAnswered, "asked twice at once");
        isAnswered = false;
        await new Promise(setImmediate);
        isAnswered = true;
        asked += 1;
        // The same memory again: who keeps it would see it change.
        return { done: asked > 200, value: chunk.fill(asked) };
      },
    }),
  };
  const before = process.memoryUsage().rss;
  const info = await node.blobs.put(source);
  const grown = process.memoryUsage().rss - before;
  assert.equal(info.size, 200 * chunk.length);
  assert.ok(grown < 100 * 1024 * 1024, `${grown} bytes more`);
  const last = node.blobs.get(info.id, { start: 199 * chunk.length });
  assert.deepEqual(await last.read(), chunk.slice().fill(200));
});

test("a file can stay where it is", async (context) => {
  const { node } = await placed(context);
  const path = `${folder(context)}-film`;
  fs.writeFileSync(path, FILM);
  const { id, size } = await node.blobs.putFile(pathToFileURL(path), { reference: true });
  assert.equal(size, FILM.length);
  assert.ok((await node.blobs.usage()).bytes < 30_000);
  assert.deepEqual(await node.blobs.get(id).read(), FILM);
  const refused = { code: "invalid_argument", operation: "put" };
  await assert.rejects(node.blobs.put(FILM, { reference: true }), refused);
  fs.truncateSync(path, size - 1);
  await assert.rejects(node.blobs.get(id).read(), { code: "corrupt" });
});

test("who reads slowly makes nobody read ahead", async (context) => {
  const { node } = await placed(context);
  const part = new Uint8Array(1024 * 1024);
  const { id, size } = await node.blobs.put(numbers(200).map((n) => part.slice().fill(n)));
  globalThis.gc();
  const before = process.memoryUsage().rss;
  let seen = 0;
  const slow = new Writable({
    highWaterMark: 1,
    write(piece, _, done) {
      assert.ok(piece.length <= 64 * 1024);
      assert.equal(piece[0], Math.floor(seen / part.length) % 256);
      seen += piece.length;
      setImmediate(done);
    },
  });
  const readable = Readable.from(node.blobs.get(id), { objectMode: false, highWaterMark: 1 });
  await pipeline(readable, slow);
  assert.equal(seen, size);
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 100 * 1024 * 1024, `${grown} bytes more`);
});

test("what breaks off leaves nothing, and its source is let go", async (context) => {
  const { node, files } = await placed(context);
  const stop = new Error("stop");
  let isLeft = false;
  async function* broken() {
    yield FILM;
    throw stop;
  }
  await assert.rejects(node.blobs.put(broken()), stop);
  async function* misfit() {
    try {
      yield FILM;
      yield "text";
    } finally {
      isLeft = true;
    }
  }
  await assert.rejects(node.blobs.put(misfit()), { code: "invalid_argument", operation: "put" });
  await until(() => isLeft);
  const stream = new Readable({ read() {} });
  stream.push(FILM);
  const destroyed = new Promise((resolve) => stream.once("close", resolve));
  stream.destroy(stop);
  await assert.rejects(node.blobs.put(stream), stop);
  await destroyed;
  const missing = fs.createReadStream(`${folder(context)}-none`);
  await assert.rejects(node.blobs.put(missing), { code: "ENOENT" });
  await until(() => files().length === 0);
});

test("a put that is given up leaves nothing, and its source is let go", async (context) => {
  const { node, files } = await placed(context);
  const never = new Promise(() => undefined);
  const cancelled = [];
  const stream = new Readable({ read() {} });
  stream.push(FILM);
  const web = new ReadableStream({
    start: (controller) => controller.enqueue(FILM),
    cancel: () => cancelled.push("web"),
  });
  const answers = [{ done: false, value: FILM }];
  const iterator = {
    [Symbol.asyncIterator]: () => ({
      next: () => answers.pop() ?? never,
      return: () => cancelled.push("iterator"),
    }),
  };
  for (const source of [stream, web, iterator]) {
    const given = new AbortController();
    const put = node.blobs.put(source, { signal: given.signal });
    await until(() => files().some((name) => name.startsWith("import-")));
    given.abort("no more");
    await assert.rejects(put, { code: "cancelled", operation: "put", cause: "no more" });
    await until(() => files().length === 0);
  }
  await until(() => stream.destroyed && cancelled.includes("web"));
  assert.ok(cancelled.includes("iterator"));
  const late = node.blobs.put(new Readable({ read() {} }), { signal: AbortSignal.timeout(5) });
  await assert.rejects(late, TimeoutError);
  const untouched = new Readable({ read() {} });
  await assert.rejects(node.blobs.put(untouched, { signal: AbortSignal.abort() }), CancelledError);
  assert.equal(untouched.destroyed, false);
});

test("a blob is read in pieces, in ranges, and on from where it was read to", async (context) => {
  const { blobs } = await opened(context);
  const { id } = await blobs.put(FILM);
  const joined = [];
  for await (const piece of blobs.get(id)) {
    assert.equal(Object.getPrototypeOf(piece), Uint8Array.prototype);
    assert.ok(piece.length > 0 && piece.length <= 64 * 1024);
    joined.push(piece);
  }
  assert.deepEqual(new Uint8Array(Buffer.concat(joined)), FILM);
  assert.deepEqual(await blobs.get(id, { start: 10, end: 20 }).read(), FILM.subarray(10, 20));
  assert.deepEqual(await blobs.get(id, { start: 999_990, end: 2 ** 50 }).read(), FILM.slice(-10));
  assert.deepEqual(await blobs.get(id, { start: 2_000_000 }).read(), new Uint8Array());
  const reader = blobs.get(id);
  assert.equal(reader.id, id);
  const { value: first } = await reader.next();
  await assert.rejects(reader.read(1000), { code: "invalid_argument", operation: "read" });
  assert.deepEqual(await reader.read(1_000_000), FILM.subarray(first.length));
  assert.deepEqual(await reader.read(0), new Uint8Array());
  assert.deepEqual(await reader.next(), { done: true, value: undefined });
  assert.deepEqual(await reader.progress(), { size: FILM.length, here: FILM.length });
});

test("streams of the web and of Node.js are made of a reader", async (context) => {
  const { node } = await placed(context);
  const { id } = await node.blobs.put(FILM);
  const response = new Response(node.blobs.get(id).toReadable());
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), FILM);
  const path = `${folder(context)}-copy`;
  const readable = Readable.from(node.blobs.get(id), { objectMode: false });
  await pipeline(readable, fs.createWriteStream(path));
  assert.deepEqual(new Uint8Array(fs.readFileSync(path)), FILM);
  const reader = node.blobs.get(id);
  await reader.toReadable().cancel();
  assert.equal((await reader.next()).done, true);
});

test("a blob is saved under its name when all of it is there", async (context) => {
  const { blobs } = await opened(context);
  const { id } = await blobs.put(FILM);
  const place = folder(context);
  fs.mkdirSync(place);
  const path = join(place, "copy");
  fs.writeFileSync(path, "old");
  await blobs.get(id).save(path);
  assert.deepEqual(new Uint8Array(fs.readFileSync(path)), FILM);
  const reader = blobs.get(id, { start: 999_000 });
  await reader.save(pathToFileURL(path), { signal: soon() });
  assert.deepEqual(new Uint8Array(fs.readFileSync(path)), FILM.slice(999_000));
  assert.equal((await reader.next()).done, true);
  await assert.rejects(blobs.get(id).save(join(place, "none", "copy")), { code: "not_found" });
  await assert.rejects(blobs.get(id).save(7), { code: "invalid_argument" });
  assert.deepEqual(fs.readdirSync(place), ["copy"]);
});

test("what nobody has is waited for, until that is given up", async (context) => {
  const alone = await opened(context);
  await assert.rejects(alone.blobs.get(NOTHING).read(), { code: "not_found" });
  await assert.rejects(alone.blobs.get(NOTHING).next(), { code: "not_found" });
  const { blobs } = await founder(context);
  const late = { signal: AbortSignal.timeout(20) };
  const place = folder(context);
  fs.mkdirSync(place);
  const path = join(place, "copy");
  const reader = blobs.get(NOTHING);
  await assert.rejects(reader.next({ signal: AbortSignal.timeout(20) }), TimeoutError);
  await assert.rejects(reader.read(10, late), { code: "timeout", operation: "read" });
  await assert.rejects(reader.save(path, late), { code: "timeout", operation: "save" });
  assert.deepEqual(await reader.progress(), { size: null, here: 0 });
  const waits = [reader.read(10), reader.save(path)];
  const cancelled = waits.map((wait) => assert.rejects(wait, { code: "cancelled" }));
  const next = reader.next();
  reader.cancel();
  await Promise.all(cancelled);
  assert.deepEqual(await next, { done: true, value: undefined });
  const ending = new AbortController();
  const ended = blobs.get(NOTHING, { signal: ending.signal });
  const ends = [ended.read(10), ended.save(path), ended.next()];
  const over = ends.map((end) => assert.rejects(end, { code: "cancelled", cause: "over" }));
  setImmediate(() => ending.abort("over"));
  await Promise.all(over);
  await until(() => fs.readdirSync(place).length === 0);
  // What was given up has lost nothing: here it is.
  const again = blobs.get(NOTHING);
  await assert.rejects(again.read(10, { signal: AbortSignal.timeout(5) }), TimeoutError);
  await blobs.put(new Uint8Array());
  assert.deepEqual(await again.read(10, { signal: soon() }), new Uint8Array());
});

test("await using gives up a reader", async (context) => {
  const { blobs } = await founder(context);
  const reader = blobs.get(NOTHING);
  assert.ok(reader instanceof BlobReader);
  const wait = reader.next({ signal: soon() });
  await reader[Symbol.asyncDispose]();
  assert.equal((await wait).done, true);
});

test("what cannot be meant is refused", async (context) => {
  const { blobs } = await opened(context);
  for (const data of ["text", 7, null, undefined, {}, [7], ["text"], Buffer.from("x").toJSON()]) {
    await assert.rejects(blobs.put(data), { code: "invalid_argument", operation: "put" });
  }
  const until = (date) => ({ keep: { until: date } });
  const options = [
    { name: "a/b" },
    { name: 7 },
    { mediaType: "png" },
    { tags: 7 },
    { tags: [""] },
    { hold: "on_demand" },
    { hold: { copies: 0 } },
    { hold: { copies: 1.5 } },
    { hold: { copies: 70_000 } },
    { hold: { labels: {} } },
    { hold: { labels: { hall: 2 } } },
    { keep: "while" },
    { keep: { untilNext: [] } },
    { keep: { untilNext: "tag" } },
    until("monday"),
    until(new Date(NaN)),
    until(new Date(8.64e15)),
    { typo: 1 },
    { signal: 7 },
    null,
    7,
  ];
  for (const each of options) {
    await assert.rejects(blobs.put(FILM, each), { code: "invalid_argument" }, String(each));
    await assert.rejects(blobs.putFile("x", each), { code: /invalid_argument|not_found/ });
  }
  const ranges = [{ start: -1 }, { end: 1.5 }, { start: 3, end: 2 }, { typo: 1 }, null];
  for (const range of ranges) {
    assert.throws(() => blobs.get(NOTHING, range), { code: "invalid_argument", operation: "get" });
  }
  for (const id of ["short", 7, undefined, "z".repeat(64)]) {
    assert.throws(() => blobs.get(id), { code: "invalid_argument" });
    assert.throws(() => blobs.watch(id), { code: "invalid_argument" });
    for (const name of ["state", "stat", "delete", "pin", "unpin"]) {
      await assert.rejects(blobs[name](id), { code: "invalid_argument" }, name);
    }
  }
  for (const bytesMax of [-1, 1.5, NaN, "7"]) {
    await assert.rejects(blobs.get(NOTHING).read(bytesMax), { code: "invalid_argument" });
  }
});

test("closing ends what reads and writes blobs", async (context) => {
  const node = await founder(context);
  const { blobs } = node;
  const { id } = await blobs.put(FILM);
  const reader = blobs.get(NOTHING);
  const stream = new Readable({ read() {} });
  const put = blobs.put(stream);
  await blobs.usage();
  const waits = [reader.next(), reader.read(), blobs.changes().next().then(() => reader.next())];
  const ends = waits.map((wait) => assert.rejects(wait, { code: "closed" }));
  await Promise.all([...ends, node.close()]);
  stream.push(FILM);
  await assert.rejects(put, { code: "closed" });
  await until(() => stream.destroyed);
  const calls = [
    () => blobs.put(FILM),
    () => blobs.putFile(process.execPath),
    () => blobs.get(id).read(),
    () => blobs.get(id).next(),
    () => blobs.state(id),
    () => blobs.watch(id).next(),
    () => blobs.list().next(),
    () => blobs.changes().next(),
    () => blobs.stat(id),
    () => blobs.usage(),
    () => blobs.delete(id),
    () => blobs.pin(id),
    () => blobs.unpin(id),
    () => blobs.pinned(),
  ];
  for (const call of calls) {
    await assert.rejects(async () => call(), { code: "closed" }, String(call));
  }
});
