/** Tokens and sockets over restarts of the node, and what clients do about them. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Actyx, Tag } from "@actyx/sdk";

import { until } from "../../swarmlet-node.mjs";
import { Swarm, fresh, manifest } from "../nodes.mjs";

let swarm, node, other;

before(async () => {
  swarm = await Swarm.of(2);
  [node, other] = swarm.nodes;
});

after(async () => {
  await swarm?.close();
});

/** Asks over HTTP as an app does. */
async function ask(node, path, { token, body, method = body ? "POST" : "GET" } = {}) {
  const headers = { "content-type": "application/json", accept: "*/*" };
  if (token) {
    headers.authorization = `Bearer ${token}`;
  }
  const sent = { method, headers, body: body && JSON.stringify(body) };
  const reply = await fetch(node.url(path), sent);
  const text = await reply.text();
  return { status: reply.status, text, json: () => JSON.parse(text) };
}

async function tokenOf(node, appId) {
  const reply = await ask(node, "auth", { body: manifest(appId) });
  assert.equal(reply.status, 200);
  return reply.json().token;
}

test("a token is good after a restart of the node, and no other node takes it", async () => {
  const token = await tokenOf(node);
  const before = await ask(node, "events/offsets", { token });
  assert.equal(before.status, 200);
  await node.stop();
  await node.start();
  const after = await ask(node, "events/offsets", { token });
  assert.equal(after.status, 200);
  const elsewhere = await ask(other, "events/offsets", { token });
  assert.equal(elsewhere.status, 401);
  assert.equal(elsewhere.json().code, "ERR_TOKEN_UNAUTHORIZED");
});

test("an app goes on after a restart, with what it published before", async () => {
  const tag = fresh("restart");
  const app = await node.app();
  const id = app.nodeId;
  const one = await app.publish({ tags: [tag], event: 1 });
  await node.stop();
  // Asked for while nobody is there.
  const waiting = app.publish({ tags: [tag], event: 2 }).catch((error) => error);
  await node.start();
  await waiting;
  const two = await until("the connection", () =>
    app.publish({ tags: [tag], event: 3 }).catch(() => undefined),
  );
  assert.equal(two.stream, one.stream);
  assert.ok(two.lamport > one.lamport && two.offset > one.offset);
  const { events } = await app.queryAllKnown({ query: Tag(tag) });
  const payloads = events.map((event) => event.payload);
  assert.deepEqual([payloads[0], payloads.at(-1)], [1, 3]);
  assert.equal(app.nodeId, id);
  app.dispose();
});

test("an app that moves to the node of another device at the same place asks again", async () => {
  const tag = fresh("moved");
  const place = node.port;
  const app = await node.app();
  await app.publish({ tags: [tag], event: 1 });
  await node.stop();
  await other.stop();
  const [mine, theirs] = [node.port, other.port];
  await other.listenAt(place);
  await other.start();
  const publish = () => app.publish({ tags: [tag], event: 2 }).catch(() => undefined);
  await until("the connection", publish);
  const { events } = await app.queryAllKnown({ query: Tag(tag) });
  assert.ok(events.some((event) => event.payload === 2));
  app.dispose();
  await other.stop();
  await other.listenAt(theirs);
  await Promise.all([node.start(), other.start()]);
  assert.deepEqual([node.port, other.port], [mine, theirs]);
});

test("apps that may not are told why, by every way in", async () => {
  const app = manifest("org.example.other");
  const why = /Trial app id needs to start with 'com\.example\.'/;
  await assert.rejects(Actyx.of(app, node.place), why);
  const reply = await ask(node, "auth", { body: app });
  assert.equal(reply.status, 400);
  assert.match(reply.json().message, why);
  const signed = { ...manifest("com.example.signed"), signature: "AAAA" };
  await assert.rejects(Actyx.of(signed, node.place), /Invalid manifest/);
});

test("app ids are those of the tokens with which events were published", async () => {
  const tag = fresh("apps");
  const apps = await Promise.all(["com.example.one", "com.example.two"].map((id) => node.app(id)));
  for (const app of apps) {
    await app.publish({ tags: [tag], event: null });
  }
  const { events } = await apps[0].queryAllKnown({ query: Tag(tag) });
  const ids = events.map((event) => event.meta.appId);
  assert.deepEqual(ids, ["com.example.one", "com.example.two"]);
  const mine = await apps[1].queryAql(`FROM '${tag}' & appId(me)`);
  const ofMine = mine.filter((item) => item.type === "event");
  assert.deepEqual(ofMine.map((item) => item.meta.appId), ["com.example.two"]);
  apps.forEach((app) => app.dispose());
});
