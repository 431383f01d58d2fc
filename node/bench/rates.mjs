/**
 * Rates of the front in Node.js: what crosses the boundary in a second, and the CPU time of it.
 *
 *     node node/bench/rates.mjs [--events N] [--folder FOLDER] [--json FILE]
 *
 * Prints one row each: name, events per second, target, whether it is met, and microseconds of CPU
 * of the whole process an event. `--json FILE` appends one object a row. Data goes to a folder of
 * its own, below `target` if there is one, and is removed afterwards.
 */

import { appendFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { Node } from "swarmlet";

const CALL_EVENTS = 4096;
const TARGET = 100_000;

const { values: given } = parseArgs({
  options: {
    events: { type: "string", default: "200000" },
    folder: { type: "string", default: existsSync("target") ? "target" : tmpdir() },
    json: { type: "string" },
  },
});
const count = Number(given.events);

/** Events of a shop floor: three tags and about a hundred bytes. */
function readings(from, to) {
  return Array.from({ length: to - from }, (_, place) => {
    const index = from + place;
    const tags = ["machine", `machine:${index % 40}`, `order:${index % 1000}`];
    const part = `part-${index}`;
    const speed = 12.5 + (index % 7);
    return [tags, { seq: index, state: "running", speed, ok: true, operator: "shift-b", part }];
  });
}

/** Writes all events in calls of the same size, one call after the other. */
async function publishMany(node, events) {
  for (let index = 0; index < events.length; index += CALL_EVENTS) {
    await node.publishMany(events.slice(index, index + CALL_EVENTS));
  }
}

/** Writes single events, so many at a time. */
async function publish(node, events, writers) {
  const write = async (first) => {
    for (let index = first; index < events.length; index += writers) {
      await node.publish(...events[index]);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, first) => write(first)));
}

/** Reads events one by one. */
async function subscribe(node) {
  let left = count;
  for await (const row of node.subscribe("FROM allEvents")) {
    left -= row.payload.ok ? 1 : 0;
    if (left === 0) {
      break;
    }
  }
}

/** Reads events in batches. */
async function subscribeBatches(node) {
  let left = count;
  for await (const rows of node.subscribe("FROM allEvents").batches()) {
    left -= rows.length;
    if (left <= 0) {
      break;
    }
  }
}

async function measured(name, events, target, work) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const rate = (events / (performance.now() - start)) * 1000;
  const { user, system } = process.cpuUsage(cpu);
  report(name, rate, target, (user + system) / events);
}

function report(name, rate, target, cpuMicros) {
  const met = target === null ? null : rate >= target;
  const verdict = met === null ? "" : met ? "met" : "MISSED";
  const shown = (number) => Math.round(number).toLocaleString("en-US");
  const columns = [
    `node ${name}`.padEnd(34),
    `${shown(rate)}/s`.padStart(14),
    (target === null ? "" : shown(target)).padStart(12),
    verdict.padEnd(8),
    `${cpuMicros.toFixed(1)} us CPU an event`,
  ];
  console.log(columns.join(" "));
  if (given.json !== undefined) {
    const peers = { peer: null, peer_value: null, ratio: null };
    const row = { name: `node ${name}`, value: Math.round(rate), unit: "events/s", ...peers };
    appendFileSync(given.json, `${JSON.stringify({ ...row, target, met })}\n`);
  }
}

const folder = mkdtempSync(join(given.folder, "rates-"));
try {
  const node = await Node.open(join(folder, "node"));
  const events = readings(0, count);
  const few = events.slice(0, count / 20);
  await measured("publishMany", count, TARGET, () => publishMany(node, events));
  await measured("subscribe, batches", count, TARGET, () => subscribeBatches(node));
  await measured("subscribe", count, TARGET, () => subscribe(node));
  await measured("publish, 64 at a time", few.length, null, () => publish(node, few, 64));
  const one = few.slice(0, few.length / 10);
  await measured("publish, 1 at a time", one.length, null, () => publish(node, one, 1));
  await node.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
