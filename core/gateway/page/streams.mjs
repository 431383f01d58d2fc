/** Streams, how much of each is here, and how much room all of it takes. */

import { byId, element, facts, titled } from "./dom.mjs";
import { setTheirs } from "./foreign.mjs";
import { follow } from "./keyed.mjs";
import { deviceName } from "./names.mjs";
import { onState } from "./state.mjs";
import { bytes, number, say } from "./text.mjs";

const STREAMS_MAX = 300;

/** Shows each state. */
export function streams() {
  onState((state) => {
    showStorage(state.storage, state.streamCount);
    showStreams(state.streams, state.streamCount);
  });
}

function showStorage(storage, streamCount) {
  const known = (value, write) => (value === null ? "\u2013" : write(value));
  const most = storage.blobsBytesMax === null ? "" : ` / ${bytes(storage.blobsBytesMax)}`;
  facts(byId("storage"), [
    ["storage.events", bytes(storage.eventsBytes)],
    ["storage.blobs", known(storage.blobs, number)],
    ["storage.blobsBytes", known(storage.blobsBytes, bytes) + most],
    ["storage.streams", number(streamCount)],
  ]);
}

function showStreams(all, streamCount) {
  follow(byId("streams-rows"), all.slice(0, STREAMS_MAX), {
    key: (stream) => stream.stream,
    make: row,
    update: (row, stream) => {
      const [name, device, first, last, behind, id] = row.children;
      setTheirs(name.firstElementChild, stream.name ?? "\u2013");
      setTheirs(device.firstElementChild, deviceName(stream.node));
      first.textContent = stream.first === null ? "\u2013" : number(stream.first);
      last.textContent = stream.last === null ? "\u2013" : number(stream.last);
      behind.textContent = number(stream.behind);
      row.className = stream.behind > 0 ? "behind" : "";
      setTheirs(id.firstElementChild, stream.stream);
    },
  });
  const count = Math.min(all.length, STREAMS_MAX);
  byId("streams-more").hidden = count === streamCount;
  say(byId("streams-more"), "incomplete", { count });
}

function row() {
  const cell = () => element("td", { class: "number" });
  const row = element("tr", {},
    element("th", { scope: "row" }, element("bdi")),
    element("td", {}, element("bdi")),
    cell(), cell(), cell(),
    element("td", {}, element("bdi", { class: "id" })));
  const titles = ["streams.first", "streams.last", "streams.behind", "streams.id"];
  return titled(row, ["", "device", ...titles]);
}
