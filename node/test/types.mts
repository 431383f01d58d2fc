/** How users write it, checked by the compiler only: what must be accepted, and what must not. */

import { createReadStream } from "node:fs";
import { Readable } from "node:stream";

import {
  BlobInfo,
  ClosedError,
  Node,
  SwarmletError,
  type BlobChange,
  type BlobState,
  type Code,
  type CollectionFile,
  type EventKey,
  type Hold,
  type Keep,
  type NewEvent,
  type Offsets,
  type Output,
  type Payload,
  type SavedFolder,
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

export async function stored(node: Node, signal: AbortSignal): Promise<void> {
  const hold: Hold = { labels: { hall: "2" } };
  const keep: Keep = { until: new Date() };
  const options = { name: "film", mediaType: "video/mp4", tags: ["press:7"], hold, keep, signal };
  const { id, size, name }: BlobInfo = await node.blobs.put(new Uint8Array(3), options);
  await node.blobs.put(createReadStream("film.mp4"), { hold: "onDemand" });
  await node.blobs.put(new Response("film").body ?? [], { keep: { untilNext: [] } });
  await node.blobs.put([new ArrayBuffer(3), new DataView(new ArrayBuffer(3)), Buffer.from("film")]);
  await node.blobs.putFile(new URL("file:///film.mp4"), { hold: { copies: 3 } });
  await using reader = node.blobs.get(id, { start: 1, end: size, signal });
  for await (const piece of reader) {
    const bytes: Uint8Array = piece;
    console.log(bytes.length, name?.length);
  }
  const all: Uint8Array = await reader.read(1000, { signal });
  await node.blobs.get(id).save("copy.mp4", { signal });
  const readable: Readable = Readable.from(node.blobs.get(id));
  const web: ReadableStream<Uint8Array> = node.blobs.get(id).toReadable();
  const { size: total, here } = await reader.progress();
  console.log(all, readable, web, (total ?? 0) - here, seen(await node.blobs.state(id)));
  for await (const change of node.blobs.changes({ signal })) {
    const { info }: BlobChange = change;
    console.log(info?.keep === "forever", info?.time.toISOString());
  }
  const { collection } = await node.blobs.putFolder(new URL("file:///app"), { name: "app" });
  const [file]: CollectionFile[] = await node.blobs.collection(id, { signal });
  const saved: SavedFolder = await node.blobs.saveFolder(id, "app", { signal });
  console.log(collection ?? "none", file?.path, saved.written + saved.unchanged);
  // @ts-expect-error: that of a collection is given
  await node.blobs.putFolder("app", { mediaType: "text/plain" });
  const kept: number = await node.blobs.delete(id);
  const { bytesMax } = await node.blobs.usage();
  console.log(kept, bytesMax ?? Infinity, await node.blobs.pinned());
  for await (const row of node.query("FROM 'blob'")) {
    const info: BlobInfo | null = BlobInfo.fromRow(row);
    console.log(info?.id);
  }

  // @ts-expect-error: a text could be a path, or bytes.
  await node.blobs.put("film.mp4");
  // @ts-expect-error: chunks are bytes.
  await node.blobs.put(["film"]);
  // @ts-expect-error: there is no such word.
  await node.blobs.put(new Uint8Array(3), { hold: "on_demand" });
  // @ts-expect-error: a time is a Date.
  await node.blobs.put(new Uint8Array(3), { keep: { until: 7 } });
  // @ts-expect-error: a part may be of any size.
  console.log((await node.blobs.state(id)).missing);
}

function seen(state: BlobState): number {
  switch (state.type) {
    case "here":
      return state.size;
    case "part":
      return state.size - state.missing;
    case "absent":
      return 0;
  }
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
