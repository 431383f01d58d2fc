/**
 * Rates of the npm package: what crosses the boundary in a second, and the CPU time of it.
 *
 *     node node/bench/rates.mjs --events N --folder FOLDER
 *
 * Opens a node in the folder and writes a JSON object for each work, one a line, with its events,
 * its seconds and its CPU seconds. `cargo xtask bench bindings` starts it beside the other
 * languages, and says in `tests/bench/src/bin/bindings/program.rs` what is measured.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";

import { Node } from "swarmlet";

const CALL_EVENTS = 4096;
const IN_FLIGHT = 64;

/** An event of a shop floor. */
function reading(index) {
  const tags = ["machine", `machine:${index % 40}`, `order:${index % 1000}`];
  const speed = 12.5 + (index % 7);
  const part = `part-${index}`;
  return [tags, { seq: index, state: "running", speed, ok: true, operator: "shift-b", part }];
}

/** Writes all events in calls of the same size, one call after the other. */
async function publishBatches(node, events) {
  for (let index = 0; index < events.length; index += CALL_EVENTS) {
    await node.publishMany(events.slice(index, index + CALL_EVENTS));
  }
}

/** Writes single events, so many at a time. */
async function publish(node, events, inFlight) {
  const write = async (first) => {
    for (let index = first; index < events.length; index += inFlight) {
      await node.publish(...events[index]);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, first) => write(first)));
}

/** Reads events in batches. */
async function subscribeBatches(node, count) {
  let left = count;
  for await (const rows of node.subscribe("FROM allEvents").batches()) {
    left -= rows.length;
    if (left <= 0) {
      break;
    }
  }
}

/** Reads events one by one, and a field of each. */
async function subscribeRows(node, count) {
  let left = count;
  for await (const row of node.subscribe("FROM allEvents")) {
    left -= row.payload.ok ? 1 : 0;
    if (left === 0) {
      break;
    }
  }
}

async function measured(work, events, task) {
  const [start, computed] = [performance.now(), process.cpuUsage()];
  await task();
  const seconds = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(computed);
  console.log(JSON.stringify({ work, events, seconds, cpu_seconds: (user + system) / 1e6 }));
}

const options = { events: { type: "string" }, folder: { type: "string" } };
const { values: given } = parseArgs({ options });
const count = Number(given.events);
const events = Array.from({ length: count }, (_, index) => reading(index));
const few = events.slice(0, count / 20);
const one = few.slice(0, few.length / 10);
const node = await Node.open(join(given.folder, "node"));
await measured("publish_batches", count, () => publishBatches(node, events));
await measured("subscribe_batches", count, () => subscribeBatches(node, count));
await measured("subscribe_rows", count, () => subscribeRows(node, count));
await measured("publish_in_flight", few.length, () => publish(node, few, IN_FLIGHT));
await measured("publish_singly", one.length, () => publish(node, one, 1));
await node.close();
