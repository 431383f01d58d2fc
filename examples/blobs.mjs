/**
 * What the guide shows of blobs in JavaScript, as one program: a camera stores them, a dashboard
 * reads them.
 *
 *     node examples/blobs.mjs
 */

import {
  createReadStream,
  createWriteStream,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { BlobInfo, Node } from "swarmlet";

const network = { listen: ["tcp://127.0.0.1:0"], discovery: false };
const camera = await Node.open("camera", { network });
const dashboard = await Node.open("dashboard", { network, blobsBytesMax: 50 * 1024 ** 3 });
await camera.swarm.create("plant", "camera");
const invite = await camera.swarm.invite();
await dashboard.swarm.join(invite, "dashboard", { timeoutMs: 30_000 });
writeFileSync("drawing.png", new Uint8Array(1_000_000).fill(7));
writeFileSync("jam.mp4", new Uint8Array(1_000_000).fill(9));

const drawing = await camera.blobs.putFile("drawing.png", {
  mediaType: "image/png",
  tags: ["press:7", "drawing"],
});

const film = await camera.blobs.put(createReadStream("jam.mp4"), {
  name: "jam.mp4",
  tags: ["press:7", "jam"],
  hold: "onDemand",
  keep: { until: new Date(Date.now() + 30 * 24 * 3_600_000) },
});

for await (const change of dashboard.blobs.changes()) {
  if (change.info !== null) {
    console.log("new blob", change.info.name, change.info.tags.join());
  }
  if (change.id === film.id) {
    break;
  }
}

const picture = await dashboard.blobs.get(drawing.id).read();
await dashboard.blobs.get(drawing.id).save("copy.png", { signal: AbortSignal.timeout(30_000) });
console.log("saved", readFileSync("copy.png").equals(picture));

const reader = dashboard.blobs.get(film.id, { start: 500_000 });
let played = 0;
for await (const piece of reader) {
  played += piece.length;
  const { size, here } = await reader.progress();
  console.log("played", played, "of", film.size - 500_000, "and have", here, "of", size);
}

const copy = Readable.from(dashboard.blobs.get(film.id), { objectMode: false });
await pipeline(copy, createWriteStream("copy.mp4"));

mkdirSync("app/js", { recursive: true });
writeFileSync("app/js/app.js", "start()");
const app = await camera.blobs.putFolder("app", { name: "app", tags: ["app:press"] });
const files = await dashboard.blobs.collection(app.id);
const { written } = await dashboard.blobs.saveFolder(app.id, "installed");
console.log(`${written} of ${files.length} files were written`);

for await (const row of dashboard.query("FROM 'blob' & 'press:7'")) {
  const info = BlobInfo.fromRow(row);
  if (info !== null) {
    const state = await dashboard.blobs.state(info.id);
    console.log(info.name, "of", info.time, "is", state.type);
  }
}

await dashboard.blobs.pin(film.id);
const left = await camera.blobs.delete(film.id);
console.log("deleted, and kept by", left, "other records");

await dashboard.close();
await camera.close();
