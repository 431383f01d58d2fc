/**
 * The pieces that the page about Node.js quotes, as one program.
 *
 *     node examples/tour.mjs
 */

import { InvalidQueryError, Node, forwardLogs } from "swarmlet";

forwardLogs(({ level, target, message }) => console.error(level, target, message), {
  level: "warn",
});

const node = await Node.open("press-7", {
  appId: "com.example.press",
  streams: { sensors: { eventsMax: 1_000_000, ageMsMax: 30 * 24 * 3_600_000 } },
  routes: { "'sensor'": "sensors" },
});

const payload = { reason: "jam", partsLost: 2, picture: Uint8Array.of(1, 2, 3) };
const published = await node.publish(["press:7", "stopped"], payload);
console.log("published at", published.offset);

const readings = [61.5, 61.7].map((celsius) => [["press:7", "sensor"], { celsius }]);
await node.publishMany(readings);

const stopped = node.query("FROM 'press:7' & 'stopped' LIMIT 10", { order: "desc" });
for await (const row of stopped) {
  console.log(row.time, row.payload.reason, "cost", row.payload.partsLost, "parts");
}

const aql = `
  FROM 'stopped' & \`press:{$press}\` GROUP BY _.reason
  SELECT { reason: group, stops: COUNT(_), partsLost: SUM(_.partsLost) }`;
for (const row of await node.query(aql, { parameters: { press: 7 } }).toArray()) {
  console.log(row.payload.reason, row.payload.stops, row.payload.partsLost);
}

let seen = 0;
for await (const rows of node.subscribe("FROM 'sensor'").batches()) {
  seen += rows.length;
  if (seen >= readings.length) {
    break;
  }
}

const subscription = node.subscribe("FROM 'stopped'");
try {
  // Given up, the wait has taken nothing.
  const { value } = await subscription.next({ signal: AbortSignal.timeout(1000) });
  console.log("next:", value.payload.reason);
} catch (error) {
  if (error.code !== "cancelled") {
    throw error;
  }
}
const stored = JSON.stringify(subscription.offsets);
subscription.cancel();

// After a restart: nothing is missed, nothing counted twice.
const further = node.subscribe("FROM 'stopped'", { from: JSON.parse(stored) });
console.log("continuing after", further.offsets);
further.cancel();

try {
  node.query("FROM 'press:7' AND 'stopped'");
} catch (error) {
  if (error instanceof InvalidQueryError) {
    console.log(error.code, error.advice);
    console.log(error.details.view);
  }
}

await node.close();
