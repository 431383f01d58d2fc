/** What the SDK keeps of states on a node: the newest one, of the version that asks. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { until } from "../../swarmlet-node.mjs";
import { Swarm, fresh } from "../nodes.mjs";

let swarm, app;

before(async () => {
  swarm = await Swarm.of(1);
  [app] = await swarm.apps();
});

after(() => swarm?.close());

/** Publishes an event, and keeps the state behind it. */
async function kept(entity, { version = 1, tag = "now", state }) {
  const { lamport, stream, offset } = await app.publish({ tags: [fresh("a")], event: null });
  const key = { lamport, stream, offset };
  const offsets = { [stream]: offset };
  const store = app.snapshotStore.storeSnapshot;
  const isKept = await store("fish", entity, key, offsets, undefined, 1, version, tag, state);
  return { isKept, key, offsets };
}

test("what was kept last is what an app gets, also after a restart", async () => {
  const entity = fresh("entity");
  const state = JSON.stringify({ text: "\u00e4 \u{1f41f}".repeat(2_000) });
  assert.equal(await app.snapshotStore.retrieveSnapshot("fish", entity, 1), undefined);
  await kept(entity, { tag: "day", state: "earlier" });
  const { isKept, key, offsets } = await kept(entity, { state });
  assert.equal(isKept, true);
  const found = await app.snapshotStore.retrieveSnapshot("fish", entity, 1);
  assert.equal(found.state, state);
  assert.deepEqual([found.eventKey, found.offsets], [key, offsets]);
  const [node] = swarm.nodes;
  await node.stop();
  await node.start();
  const again = await until("the snapshot", () =>
    app.snapshotStore.retrieveSnapshot("fish", entity, 1).catch(() => undefined),
  );
  assert.equal(again.state, state);
});

test("another version of a fish does not see what an earlier one kept", async () => {
  const entity = fresh("entity");
  await kept(entity, { version: 1, state: "one" });
  assert.equal(await app.snapshotStore.retrieveSnapshot("fish", entity, 2), undefined);
  await kept(entity, { version: 2, state: "two" });
  assert.equal((await app.snapshotStore.retrieveSnapshot("fish", entity, 2)).state, "two");
});

test("of what was kept under several names an app gets that of the latest event", async () => {
  const entity = fresh("entity");
  const early = await kept(entity, { tag: "hour", state: "early" });
  const late = await kept(entity, { tag: "day", state: "late" });
  const keep = app.snapshotStore.storeSnapshot;
  await keep("fish", entity, early.key, early.offsets, undefined, 1, 1, "year", "early again");
  const found = await app.snapshotStore.retrieveSnapshot("fish", entity, 1);
  assert.deepEqual([found?.state, found?.eventKey], ["late", late.key]);
});
