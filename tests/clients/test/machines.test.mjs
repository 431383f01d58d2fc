/** Protocols between parties on two nodes, with commands that contradict each other. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { MachineEvent, SwarmProtocol, createMachineRunner } from "@actyx/machine-runner";

import { until } from "../../swarmlet-node.mjs";
import { Swarm, fresh, inSync } from "../nodes.mjs";

const requested = MachineEvent.design("requested").withPayload();
const bid = MachineEvent.design("bid").withPayload();
const selected = MachineEvent.design("selected").withPayload();
const delivered = MachineEvent.design("delivered").withoutPayload();
const protocol = SwarmProtocol.make("transport", [requested, bid, selected, delivered]);

const forWarehouse = protocol.makeMachine("warehouse");
const Ordering = forWarehouse
  .designEmpty("Ordering")
  .command("request", [requested], (_, from) => [{ from }])
  .finish();
const Waiting = forWarehouse
  .designState("Waiting")
  .withPayload()
  .command("select", [selected], (_, winner) => [{ winner }])
  .finish();
const Selected = forWarehouse.designState("Selected").withPayload().finish();
const Done = forWarehouse.designState("Done").withPayload().finish();
Ordering.react([requested], Waiting, (_, event) => ({ from: event.payload.from, bids: [] }));
Waiting.react([bid], Waiting, ({ self }, event) => ({
  ...self,
  bids: [...self.bids, event.payload.robot],
}));
Waiting.react([selected], Selected, (_, event) => ({ winner: event.payload.winner }));
Selected.react([delivered], Done, ({ self }) => self);

const forRobot = protocol.makeMachine("robot");
const Idle = forRobot.designState("Idle").withPayload().finish();
const Auction = forRobot
  .designState("Auction")
  .withPayload()
  .command("bid", [bid], ({ self }) => [{ robot: self.robot }])
  .finish();
const Moving = forRobot
  .designState("Moving")
  .withPayload()
  .command("deliver", [delivered], () => [{}])
  .finish();
const Lost = forRobot.designEmpty("Lost").finish();
const Delivered = forRobot.designEmpty("Delivered").finish();
Idle.react([requested], Auction, ({ self }) => self);
Auction.react([bid], Auction, ({ self }) => self);
Auction.react([selected], Moving, ({ self }, event) => ({ ...self, ...event.payload }));
Moving.react([delivered], Delivered, () => undefined);

let swarm, first, second;

before(async () => {
  swarm = await Swarm.of(2);
  [first, second] = await swarm.apps();
});

after(() => swarm?.close());

/** The state of a machine as soon as it is one of these, and what it may do then. */
async function reached(machine, state, isSo = () => true) {
  for await (const current of machine.noAutoDestroy()) {
    const found = current.as(state);
    if (found && isSo(found.payload) && current.commandsAvailable()) {
      return found;
    }
  }
  throw new Error("the machine ended");
}

test("parties on two nodes take a protocol to its end", { timeout: 60_000 }, async () => {
  const tags = protocol.tagWithEntityId(fresh("order"));
  const warehouse = createMachineRunner(first, tags, Ordering, undefined);
  const robots = ["r1", "r2"].map((robot) => createMachineRunner(second, tags, Idle, { robot }));

  await (await reached(warehouse, Ordering)).commands().request("dock 3");
  for (const robot of robots) {
    await (await reached(robot, Auction)).commands().bid();
  }
  const waiting = await reached(warehouse, Waiting, ({ bids }) => bids.length === 2);
  const { from, bids } = waiting.payload;
  assert.deepEqual([from, bids.toSorted()], ["dock 3", ["r1", "r2"]]);
  await waiting.commands().select("r2");
  const moving = await reached(robots[1], Moving);
  assert.equal(moving.payload.winner, "r2");
  await moving.commands().deliver();
  const done = await until("the end", () => warehouse.get()?.as(Done));
  assert.equal(done.payload.winner, "r2");
  await until("the other robot", () => robots[0].get()?.as(Delivered));
  [warehouse, ...robots].forEach((machine) => machine.destroy());
});

test("a command is refused when the state that it was for is over", async () => {
  const tags = protocol.tagWithEntityId(fresh("order"));
  const warehouse = createMachineRunner(first, tags, Ordering, undefined);
  const ordering = await reached(warehouse, Ordering);
  await ordering.commands().request("dock 1");
  await reached(warehouse, Waiting);
  assert.equal(ordering.commands(), undefined);
  warehouse.destroy();
});

test("of contradicting commands both nodes keep the same one", { timeout: 90_000 }, async () => {
  const tags = protocol.tagWithEntityId(fresh("order"));
  const one = createMachineRunner(first, tags, Ordering, undefined);
  await (await reached(one, Ordering)).commands().request("dock 2");
  await reached(one, Waiting);
  await inSync(first, second);
  let other;
  await swarm.apart(
    async () => {
      await (await reached(one, Waiting)).commands().select("early");
      await reachedLast(one, Selected, "early");
      one.destroy();
    },
    async () => {
      await until("the connection", () => second.offsets().catch(() => undefined));
      // So the other one comes before it, though it comes later.
      await second.publish(Array.from({ length: 20 }, () => ({ tags: ["filler"], event: null })));
      other = createMachineRunner(second, tags, Ordering, undefined);
      await (await reached(other, Waiting)).commands().select("late");
      await reachedLast(other, Selected, "late");
    },
  );
  await reachedLast(other, Selected, "early");
  await until("the connection", () => first.offsets().catch(() => undefined));
  await inSync(second, first);
  const again = createMachineRunner(first, tags, Ordering, undefined);
  await reachedLast(again, Selected, "early");
  // Both commands are in the log, on both nodes.
  for (const app of [first, second]) {
    const { events } = await app.queryAllKnown({ query: tags });
    const winners = events.map((event) => event.payload.winner).filter(Boolean);
    assert.deepEqual(winners, ["early", "late"]);
  }
  [other, again].forEach((machine) => machine.destroy());
});

async function reachedLast(machine, state, winner) {
  await until(winner, () => machine.get()?.as(state)?.payload.winner === winner);
}
