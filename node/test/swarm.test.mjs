/** Swarms: founding, letting in, rights, how far everybody is, putting out. */

import assert from "node:assert/strict";
import { inspect } from "node:util";
import { test } from "node:test";

import { SOON_MS, founder, joiner, opened, payloads, quiet, until } from "./nodes.mjs";

const wait = { timeoutMs: SOON_MS };

test("two nodes share what they publish", async (context) => {
  const first = await founder(context);
  const second = await opened(context, { network: quiet() });
  assert.equal(second.swarm.id, null);
  await second.publish("part", { from: "second" });
  await second.swarm.join(await first.swarm.invite(), "other", wait);
  assert.equal(second.swarm.id, first.swarm.id);
  await first.publish("part", { from: "first" });
  for (const node of [first, second]) {
    const seen = await payloads(node.subscribe("FROM 'part'"), 2);
    assert.deepEqual(seen.map((part) => part.from).sort(), ["first", "second"]);
  }
  await first.swarm.waitInSync(wait);
  const [peer] = first.swarm.peers();
  assert.equal(peer.node, second.id);
  assert.equal(peer.behind, 0);
  assert.ok(first.swarm.status().listening.length > 0);
  first.swarm.networkChanged();
});

test("the root key is shown to who asks for it, and nowhere else", async (context) => {
  const node = await opened(context, { network: quiet() });
  const founded = await node.swarm.create("plant", "first");
  assert.equal(founded.swarm, node.swarm.id);
  assert.ok(founded.rootKey.length > 20);
  assert.ok(!inspect(founded).includes(founded.rootKey));
  assert.ok(!JSON.stringify(founded).includes(founded.rootKey));
  await assert.rejects(node.swarm.create("plant", "first"), { code: "already_exists" });
  const other = await joiner(context, node);
  await assert.rejects(other.swarm.invite(), { code: "permission_denied" });
  await other.swarm.becomeIssuer(founded.rootKey);
  const invite = await other.swarm.invite("r:*", { uses: 2, validMs: 60_000 });
  assert.equal(await other.swarm.withdraw(invite), true);
  assert.equal(await other.swarm.withdraw(invite), false);
});

test("a device without invite is compared and approved", async (context) => {
  const issuer = await founder(context);
  const [address] = issuer.swarm.status().listening;
  const device = await opened(context, { network: quiet() });
  const code = await device.swarm.ask(address, "tablet", wait);
  assert.match(code, /^\d{6}$/);
  await until(async () => (await issuer.swarm.pending()).length > 0);
  const [pending] = await issuer.swarm.pending();
  assert.equal(pending.code, code);
  assert.equal(pending.device, device.id);
  assert.ok(pending.since instanceof Date);
  await issuer.swarm.approve(pending.device, "r:*", { labels: { hall: "2" } });
  await device.swarm.waitJoined(wait);
  const member = (await issuer.swarm.members()).find((each) => each.node === device.id);
  assert.equal(member.capabilities, "r:*");
  assert.deepEqual(member.labels, { hall: "2" });
  assert.ok(member.notAfter > new Date());
  await issuer.swarm.renew(device.id);
  await assert.rejects(issuer.swarm.reject(device.id), { code: "invalid_argument" });
});

test("a device that is put out is out", async (context) => {
  const issuer = await founder(context);
  const device = await joiner(context, issuer, "tablet");
  await issuer.swarm.waitInSync(wait);
  await issuer.swarm.revoke(device.id, "lost on the train");
  const members = await issuer.swarm.members();
  assert.equal(members.find((each) => each.name === "tablet").isRevoked, true);
  await until(() => issuer.swarm.peers().length === 0);
});

test("changes bring the status now, and then the newest", async (context) => {
  const first = await founder(context);
  const changes = first.swarm.changes();
  assert.deepEqual((await changes.next()).value.peers, []);
  const soon = changes.next({ signal: AbortSignal.timeout(20) });
  await assert.rejects(soon, { code: "timeout", advice: "retry_later" });
  await joiner(context, first);
  for await (const status of changes) {
    if (status.isInSync) {
      break;
    }
  }
  assert.deepEqual(await changes.next(), { done: true, value: undefined });
});

test("waits end by time, by signal, and with the node", async (context) => {
  const node = await founder(context);
  const timed = node.swarm.waitInSync({ timeoutMs: 20 });
  await assert.rejects(timed, { code: "timeout", operation: "swarm.wait_in_sync" });
  const given = node.swarm.waitInSync({ signal: AbortSignal.timeout(20) });
  await assert.rejects(given, { code: "timeout", operation: "swarm.wait_in_sync" });
  const over = node.swarm.waitInSync({ signal: AbortSignal.abort() });
  await assert.rejects(over, { code: "cancelled" });
  const closed = node.swarm.waitInSync();
  const changes = node.swarm.changes();
  await changes.next();
  const change = changes.next();
  await Promise.all([
    assert.rejects(closed, { code: "closed" }),
    assert.rejects(change, { code: "closed" }),
    node.close(),
  ]);
});

test("what cannot be meant is refused", async (context) => {
  const node = await founder(context);
  const { swarm } = node;
  const refusals = [
    () => swarm.invite("everything"),
    () => swarm.invite(undefined, { uses: -1 }),
    () => swarm.invite(undefined, { validMs: NaN }),
    () => swarm.invite(undefined, { name: 7 }),
    () => swarm.invite(undefined, { typo: 1 }),
    () => swarm.join("no invite", "name"),
    () => swarm.join(7, "name"),
    () => swarm.approve("nobody"),
    () => swarm.waitInSync({ timeoutMs: "soon" }),
    () => swarm.waitInSync(7),
    () => swarm.invite(undefined, 7),
  ];
  for (const refusal of refusals) {
    await assert.rejects(refusal, { code: /invalid_argument|already_exists/ });
  }
  for (const capabilities of [{ name: "tablet" }, 7, null]) {
    const message = `capabilities must be a string, not ${typeof capabilities}`;
    const error = { code: "invalid_argument", message };
    await assert.rejects(swarm.invite(capabilities), { ...error, operation: "swarm.invite" });
    await assert.rejects(swarm.approve(node.id, capabilities), error);
    await assert.rejects(swarm.preauthorise(node.id, capabilities), error);
  }
});
