/** Beginnings and ends: closing, exiting, workers, several nodes. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";

import { Node } from "swarmlet";
import { SOON_MS, folder, numbers, opened, payloads, quiet } from "./nodes.mjs";

const EXITS = 20;
const AT_ONCE = 5;
const here = new URL(".", import.meta.url);

/** Runs a script to its end, and gives its output; it fails if the script does, or hangs. */
async function ran(script, ...parameters) {
  const run = promisify(execFile);
  const options = { cwd: here, timeout: SOON_MS, killSignal: "SIGKILL" };
  const words = ["--input-type=module", "--eval", script, "--", ...parameters];
  const { stdout, stderr } = await run(process.execPath, words, options);
  assert.doesNotMatch(stderr, /panicked|FATAL/);
  return stdout;
}

test("closing twice is fine, use after it is an error", async (context) => {
  const node = await Node.open(folder(context));
  const { swarm } = node;
  await Promise.all([node.close(), node.close()]);
  await node.close();
  await node[Symbol.asyncDispose]();
  await assert.rejects(node.publish("a", 1), { code: "closed" });
  assert.throws(() => node.query("FROM 'a'"), { code: "closed" });
  assert.throws(() => node.subscribe("FROM 'a'"), { code: "closed" });
  await assert.rejects(node.explain("FROM 'a'"), { code: "closed" });
  await assert.rejects(swarm.create("plant", "first"), { code: "closed" });
});

test("closing ends those who wait", async (context) => {
  const node = await Node.open(folder(context));
  const events = node.subscribe("FROM 'a'");
  const wait = assert.rejects(events.next(), { code: "closed" });
  await node.close();
  await wait;
  await assert.rejects(events.next(), { code: "closed" });
  events.cancel();
});

test("a publish that is given up is not lost track of", async (context) => {
  const node = await opened(context);
  const given = new AbortController();
  const publish = node.publish("n", 1, { signal: given.signal });
  given.abort();
  await assert.rejects(publish, { code: "cancelled", operation: "publish" });
  await node.publish("n", 2);
  await assert.rejects(node.publish("n", 3, { signal: given.signal }), { code: "cancelled" });
  assert.deepEqual(await payloads(node.query("FROM 'n'"), 3), [1, 2]);
});

test("what was given up before it began is not begun", async (context) => {
  const node = await opened(context);
  const signal = AbortSignal.abort();
  // Calls that would fail if they were begun.
  const calls = [
    () => Node.open("\0", { signal }),
    () => node.publish("n", 1, { signal }),
    () => node.publishMany(7, { signal }),
    () => node.explain("FROM", { signal }),
    () => node.swarm.join("no invite", "name", { signal }),
    () => node.swarm.waitJoined({ signal }),
  ];
  for (const call of calls) {
    await assert.rejects(call, { code: "cancelled" });
  }
});

test("an opening that is given up leaves the folder free", async (context) => {
  const path = folder(context);
  const given = new AbortController();
  const opening = Node.open(path, { signal: given.signal });
  given.abort();
  await assert.rejects(opening, { code: "cancelled" });
  const deadline = Date.now() + SOON_MS;
  for (;;) {
    try {
      await (await Node.open(path)).close();
      break;
    } catch (error) {
      assert.equal(error.code, "locked");
      assert.ok(Date.now() < deadline);
    }
  }
});

test("two nodes in a process know nothing of each other", async (context) => {
  const one = await opened(context);
  const two = await opened(context);
  await one.publish("n", 1);
  assert.deepEqual(await two.query("FROM 'n'").toArray(), []);
  await two.close();
  assert.deepEqual(await payloads(one.query("FROM 'n'"), 1), [1]);
});

const LIVE = {
  "the end of the program": `
    import { Node } from "swarmlet";
    const node = await Node.open(process.argv[1], { durability: "buffered" });
    await node.publish("n", 1);
    const events = node.subscribe("FROM 'n'");
    await events.next();
    events.unref().next();
    console.log("leaving");
  `,
  "process.exit with writers": `
    import { Node } from "swarmlet";
    const node = await Node.open(process.argv[1], { durability: "buffered" });
    (async () => { for (let n = 0; ; n += 1) await node.publish("n", n); })();
    for await (const event of node.subscribe("FROM 'n'")) {
      if (event.offset === 20) {
        console.log("leaving");
        process.exit(0);
      }
    }
  `,
  "process.exit with blobs": `
    import { Node } from "swarmlet";
    const network = { listen: ["tcp://127.0.0.1:0"], discovery: false };
    const node = await Node.open(process.argv[1], { network });
    await node.swarm.create("plant", "node");
    const film = new Uint8Array(1_000_000);
    node.blobs.put((async function* () { for (;;) yield film; })());
    const { id } = await node.blobs.put(film);
    node.blobs.get("0".repeat(64)).read();
    node.blobs.changes().next();
    await node.blobs.get(id).next();
    console.log("leaving");
    process.exit(0);
  `,
  "process.exit in a swarm": `
    import { Node } from "swarmlet";
    const network = { listen: ["tcp://127.0.0.1:0"], discovery: false };
    const node = await Node.open(process.argv[1], { network });
    await node.swarm.create("plant", "node");
    node.swarm.waitInSync();
    for await (const status of node.swarm.changes()) {
      console.log("leaving");
      process.exit(0);
    }
  `,
};

for (const [name, script] of Object.entries(LIVE)) {
  test(`exit with a live stream is clean: ${name}`, async (context) => {
    const path = folder(context);
    const leave = async (round) => assert.equal(await ran(script, `${path}-${round}`), "leaving\n");
    for (let round = 0; round < EXITS; round += AT_ONCE) {
      await Promise.all(numbers(AT_ONCE).map((each) => leave(round + each)));
    }
  });
}

test("a panic inside becomes an error, and the node goes on", async (context) => {
  const script = `
    import { Node } from "swarmlet";
    const node = await Node.open(process.argv[1], { durability: "buffered" });
    const told = ({ code, operation, advice }) => console.log(code, operation, advice);
    await node.explain("FROM 'n'").catch(told);
    await node.offsets().catch(told);
    await node.publish("n", 1);
    console.log((await node.query("FROM 'n'").toArray()).length);
    await node.close();
  `;
  const panicking = { ...process.env, SWARMLET_PANIC_IN: "explain,offsets" };
  const words = ["--input-type=module", "--eval", script, "--", folder(context)];
  const options = { cwd: here, timeout: SOON_MS, env: panicking };
  const { stdout } = await promisify(execFile)(process.execPath, words, options);
  const told = ["explain", "offsets"].map((each) => `internal ${each} report_bug\n`);
  assert.equal(stdout, `${told.join("")}1\n`);
});

test("what was acknowledged is there after process.exit", async (context) => {
  const path = folder(context);
  const script = `
    import { Node } from "swarmlet";
    const node = await Node.open(process.argv[1], { durability: "buffered" });
    await node.publishMany(Array.from({ length: 1000 }, (_, n) => ["n", n]));
    process.exit(0);
  `;
  await ran(script, path);
  const node = await Node.open(path);
  assert.deepEqual(await payloads(node.query("FROM 'n'"), 1001), numbers(1000));
  await node.close();
});

test("who waits keeps the process, who was unreferenced does not", async (context) => {
  const waits = `
    import { Node } from "swarmlet";
    const node = await Node.open(process.argv[1]);
    setTimeout(() => node.publish("n", 1), 50).unref();
    const events = node.subscribe("FROM 'n'");
    setTimeout(() => node.publish("n", 1), 50);
    console.log((await events.next()).value.payload);
  `;
  assert.equal(await ran(waits, folder(context)), "1\n");
  const unreferenced = `
    import { Node } from "swarmlet";
    const node = (await Node.open(process.argv[1])).unref();
    node.subscribe("FROM 'n'").next().then(() => console.log("never"));
    const events = node.ref().subscribe("FROM 'n'");
    events.next().then(() => console.log("never"));
    events.unref();
    console.log("left alone");
  `;
  assert.equal(await ran(unreferenced, folder(context)), "left alone\n");
  const givenUp = `
    import { Node } from "swarmlet";
    const node = await Node.open(process.argv[1]);
    const wait = node.subscribe("FROM 'n'").next({ signal: AbortSignal.timeout(50) });
    await wait.catch((error) => console.log(error.code));
  `;
  assert.equal(await ran(givenUp, folder(context)), "timeout\n");
});

const WAYS = ["leave", "stay", "scoped"];

function worker(path, index) {
  const data = { path, index, way: WAYS[index % WAYS.length] };
  const started = new Worker(new URL("worker.mjs", here), { workerData: data });
  const failed = new Promise((_, reject) => started.once("error", reject));
  const said = new Promise((resolve) => started.once("message", resolve));
  return { started, said: Promise.race([said, failed]) };
}

test("workers have nodes of their own, and may be terminated", async (context) => {
  const node = await opened(context, { network: quiet() });
  const events = node.subscribe("FROM 'main'");
  const paths = numbers(6).map((index) => `${folder(context)}-${index}`);
  const workers = paths.map((path, index) => worker(path, index));
  assert.deepEqual(await Promise.all(workers.map((each) => each.said)), numbers(6));
  for (const [index, path] of paths.entries()) {
    await workers[index].started.terminate();
    // Terminating closes the node, so the folder is free.
    const again = await Node.open(path);
    assert.deepEqual(await payloads(again.query("FROM 'n'"), 1), [index]);
    await again.close();
  }
  await node.publish("main", "alive");
  assert.deepEqual(await payloads(events, 1), ["alive"]);
});
