/** Fish on two nodes: states, effects, and time travel when nodes find together again. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { FishId, Fish, Pond } from "@actyx/pond";
import { Tag, Tags } from "@actyx/sdk";

import { until } from "../../swarmlet-node.mjs";
import { Swarm, fresh, inSync, manifest } from "../nodes.mjs";

let swarm, first, second;

before(async () => {
  swarm = await Swarm.of(2);
  const open = (node) => Pond.of(manifest(), node.place, {});
  [first, second] = await Promise.all(swarm.nodes.map(open));
});

after(async () => {
  first?.dispose();
  second?.dispose();
  await swarm?.close();
});

/** A list of everything that was said below a tag. */
function list(name) {
  return {
    fishId: FishId.of("clients.list", name, 1),
    where: Tag(name),
    initialState: [],
    onEvent: (state, event) => [...state, event],
  };
}

/** States as an observer sees them. */
function observed(pond, fish) {
  const seen = { states: [] };
  seen.cancel = pond.observe(fish, (state) => void seen.states.push(state));
  return seen;
}

const say = (pond, name, ...events) =>
  pond.publish(events.map((event) => ({ tags: [name], event })));

test("a state follows what both nodes publish", async () => {
  const fish = list(fresh("list"));
  const seen = [first, second].map((pond) => observed(pond, fish));
  await until("the beginning", () => seen.every(({ states }) => states.length === 1));
  await say(first, fish.fishId.name, 1);
  await until("one event", () => seen.every(({ states }) => states.at(-1)?.length === 1));
  await say(second, fish.fishId.name, 2);
  await until("two events", () => seen.every(({ states }) => states.at(-1)?.length === 2));
  for (const { states, cancel } of seen) {
    assert.deepEqual(states[0], []);
    assert.deepEqual(states.at(-1), [1, 2]);
    cancel();
  }
  assert.deepEqual(await second.currentState(fish), [1, 2]);
});

test("effects run one after the other, each on the state that the last one made", async () => {
  const name = fresh("counter");
  const counter = { ...list(name), initialState: 0, onEvent: (sum, event) => sum + event };
  const add = (sum, enqueue) => enqueue(Tags(name), sum < 5 ? 1 : 0);
  await Promise.all(Array.from({ length: 8 }, () => first.run(counter, add).toPromise()));
  assert.equal(await first.currentState(counter), 5);
  const { events } = await first.events().queryAllKnown({ query: Tag(name) });
  assert.deepEqual(events.map((event) => event.payload), [1, 1, 1, 1, 1, 0, 0, 0]);
});

test("an effect that is kept running answers the other node, until it is done", async () => {
  const name = fresh("answers");
  const fish = list(name);
  const answer = (events, enqueue) => {
    if (events.at(-1)?.question !== undefined) {
      enqueue(Tags(name), { answer: events.at(-1).question * 2 });
    }
  };
  const isDone = (events) => events.filter((event) => event.answer !== undefined).length === 2;
  second.keepRunning(fish, answer, isDone);
  const seen = observed(first, fish);
  for (const question of [1, 2]) {
    await say(first, name, { question });
    await until("an answer", () => seen.states.at(-1)?.at(-1)?.answer === question * 2);
  }
  await say(first, name, { question: 3 });
  await inSync(first.events(), second.events());
  await say(second, name, { end: true });
  await until("the end", () => seen.states.at(-1)?.at(-1)?.end);
  const said = seen.states.at(-1).map((event) => Object.keys(event)[0]);
  assert.deepEqual(said, ["question", "answer", "question", "answer", "question", "end"]);
  seen.cancel();
});

test("a state begins anew with an event that says so", async () => {
  const name = fresh("reset");
  const fish = {
    ...list(name),
    onEvent: (state, event) => (event === "reset" ? [] : [...state, event]),
    isReset: (event) => event === "reset",
  };
  const seen = observed(second, fish);
  await say(first, name, 1, 2, "reset", 3);
  await until("the state", () => seen.states.at(-1)?.length === 1 && seen.states.at(-1)[0] === 3);
  // Whoever comes later begins there as well.
  const late = { ...fish, fishId: FishId.of("clients.list", name, 2) };
  assert.deepEqual(await first.currentState(late), [3]);
  await say(second, name, "reset", 4);
  await until("the next", () => seen.states.at(-1)?.[0] === 4);
  seen.cancel();
});

test("states that are made of what others say are observed as they appear", async () => {
  const name = fresh("orders");
  const seeds = Tag(name);
  const makeFish = (seed) => list(`${name}:${seed.id}`);
  const seen = [];
  const cancel = second.observeAll(seeds, makeFish, {}, (states) => void seen.push(states));
  const only = [];
  const cancelOnly = second.observeOne(seeds, makeFish, (state) => void only.push(state));
  await say(first, name, { id: "a" });
  await until("the first", () => seen.at(-1)?.length === 1);
  await say(first, name, { id: "b" });
  await say(first, `${name}:a`, "part");
  await say(first, `${name}:b`, "whole");
  await until("both", () => {
    const states = (seen.at(-1) ?? []).map((state) => state[0]).toSorted();
    return states.length === 2 && states[0] === "part" && states[1] === "whole";
  });
  await until("the one", () => only.at(-1)?.[0] === "part");
  cancel();
  cancelOnly();
});

test("states of nodes that were apart are the same in the end", { timeout: 90_000 }, async () => {
  const name = fresh("travel");
  const fish = list(name);
  await say(first, name, "together");
  await inSync(first.events(), second.events());
  let seen, before;
  await swarm.apart(
    () => say(first, name, "first"),
    async () => {
      const published = (event) => say(second, name, event).catch(() => undefined);
      await until("the connection", () => published("second"));
      seen = observed(second, fish);
      await say(second, fresh("filler"), ...Array.from({ length: 20 }, () => null));
      await say(second, name, "third");
      await until("all here", () => seen.states.at(-1)?.at(-1) === "third");
      before = seen.states.at(-1);
    },
  );
  assert.deepEqual(before, ["together", "second", "third"]);
  await until("what the other one said", () => seen.states.at(-1).includes("first"));
  await until("the connection", () => say(first, name, "again").catch(() => undefined));
  await until("the last", () => seen.states.at(-1).at(-1) === "again");
  await inSync(second.events(), first.events());
  const [here, there] = await Promise.all([first, second].map((pond) => pond.currentState(fish)));
  assert.deepEqual(here, there);
  assert.deepEqual(seen.states.at(-1), here);
  // What was said first stands before what was said later, though it came last.
  assert.ok(here.indexOf("first") < here.indexOf("third"));
  seen.cancel();
});

test("waiting for the swarm ends when all is there", { timeout: 60_000 }, async () => {
  const name = fresh("latest");
  await say(first, name, 1, 2);
  await new Promise((resolve) => {
    const config = { enabled: true, waitForSwarmMs: 1_000, minSources: 0, waitForSyncMs: 5_000 };
    second.waitForSwarmSync({ ...config, onSyncComplete: resolve });
  });
  assert.equal(await second.currentState(Fish.latestEvent(Tag(name))), 2);
  assert.deepEqual(await second.currentState(Fish.eventsDescending(Tag(name))), [2, 1]);
});
