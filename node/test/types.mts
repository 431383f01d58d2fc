/** How users write it, checked by the compiler only: what must be accepted, and what must not. */

import {
  ClosedError,
  Node,
  SwarmletError,
  type Code,
  type EventKey,
  type NewEvent,
  type Offsets,
  type Output,
  type Payload,
  type SwarmStatus,
} from "swarmlet";

interface Stopped {
  reason: string;
  parts?: number;
}

export async function used(folder: string, signal: AbortSignal): Promise<void> {
  await using node = await Node.open(folder, {
    appId: "com.example.press",
    streams: { sensors: { eventsMax: 1_000_000, ageMsMax: 30 * 86_400_000 }, kept: null },
    routes: { "'sensor'": "sensors" },
    durability: "buffered",
    network: { listen: ["tcp://127.0.0.1:0"], discovery: false },
    signal,
  });
  const { key } = await node.publish(["press:7", "stopped"], { reason: "jam" });
  const place: EventKey = key;
  const events: NewEvent[] = [{ tags: "a" }, { tags: new Set(["a"]), payload: 7n }];
  await node.publishMany(events);
  await node.publishMany([["a", new Uint8Array(3)], ["b", undefined]]);
  const payload: Payload = { list: [1, "two", null, true, 3n, new Uint8Array()], left: undefined };
  await node.publish("a", payload, { signal });

  for await (const row of node.query<Stopped>("FROM 'stopped'", { order: "desc" })) {
    const reason: string = row.payload.reason;
    const parts: number | undefined = row.payload.parts;
    console.log(place.lamport, reason, parts, row.time.toISOString(), row.tags.length);
  }
  const subscription = node.subscribe<Stopped>("FROM 'stopped'", { from: {}, signal });
  for await (const batch of subscription.batches(100)) {
    const rows: number = batch.length;
    console.log(rows);
  }
  const offsets: Offsets = subscription.offsets;
  const stream: ReadableStream<unknown> = node.query("FROM 'a'").toReadable();
  for await (const output of node.subscribe("FROM 'a'", { from: offsets }).outputs()) {
    console.log(shown(output), stream.locked);
  }
  const invite: string = await node.swarm.invite("r:*", { labels: { hall: "2" }, uses: 2 });
  await node.swarm.join(invite, "press-7", { timeoutMs: 30_000, signal });
  await using changes = node.swarm.changes();
  for await (const status of changes) {
    const known: SwarmStatus = status;
    console.log(known.peers.map((peer) => peer.roundTripMs ?? 0));
  }

  // @ts-expect-error: a misspelt option.
  await Node.open(folder, { appid: "com.example.press" });
  // @ts-expect-error: a function is no payload.
  await node.publish("a", () => 1);
  // @ts-expect-error: a tag is a string.
  await node.publish(7, 1);
  // @ts-expect-error: there is no such order.
  node.query("FROM 'a'", { order: "up" });
  // @ts-expect-error: offsets are not to be changed.
  offsets["a"] = 1;
  // @ts-expect-error: nodes are opened, not made.
  new Node();
}

function shown(output: Output): string {
  switch (output.type) {
    case "row":
    case "antiRow":
      return String(output.row.payload);
    case "diagnostic":
      return output.message;
    case "caughtUp":
      return Object.keys(output.offsets).join();
    case "timeTravel":
      return output.key.stream;
  }
}

export function acted(error: unknown): Code | undefined {
  if (error instanceof ClosedError) {
    return error.code;
  }
  return error instanceof SwarmletError ? error.code : undefined;
}
