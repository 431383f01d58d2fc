/** Blobs: what there is, putting one in, taking one out, and taking one back. */

import { ask, askJson } from "./api.mjs";
import { question } from "./dialog.mjs";
import { button, byId, element, titled } from "./dom.mjs";
import { setTheirs, visible } from "./foreign.mjs";
import { follow } from "./keyed.mjs";
import { deviceName } from "./names.mjs";
import { attempt, complain, tell } from "./notice.mjs";
import { bytes, say, time } from "./text.mjs";

const PERIOD = 5000;
/** What the browser takes in one piece; larger ones are for the command. */
const DOWNLOAD_MAX = 512 * 1024 * 1024;

let looking = null;
let uploading = null;

/** Makes the form work. */
export function blobs() {
  byId("upload").addEventListener("submit", (event) => {
    event.preventDefault();
    const [file] = byId("file").files;
    if (file && !uploading) upload(file);
  });
  byId("upload-cancel").addEventListener("click", () => uploading?.abort());
}

/** Looks what there is as long as the section is shown, and somebody may see it. */
export async function openBlobs() {
  const own = {};
  looking = own;
  while (looking === own) {
    if (!document.hidden) await list();
    await new Promise((resolve) => setTimeout(resolve, PERIOD));
  }
}

/** Called when another section is shown. */
export function closeBlobs() {
  looking = null;
}

async function list() {
  try {
    const { blobs: all, isComplete } = await askJson("GET", "blobs");
    status(isComplete ? "blobs.count" : "blobs.some", { count: all.length });
    follow(byId("blobs-rows"), all, {
      key: (blob) => `${blob.id} ${blob.timestampMicros} ${blob.device}`,
      make: row,
      update: put,
    });
  } catch (problem) {
    status("blobs.unknown", { why: visible(problem.message, 200) });
  }
}

/** Says what there is, unless it is being said what is done. */
function status(key, values) {
  if (!uploading) say(byId("blobs-state"), key, values);
}

function row(blob) {
  const name = blob.name ?? blob.id.slice(0, 12);
  const values = { name: visible(name, 60) };
  const [get, remove] = [
    button("blobs.download", () => download(blob, name), { class: "quiet" }),
    button("blobs.delete", () => withdraw(blob, values), { class: "quiet" }),
  ];
  say(get, "blobs.download.of", values, "aria-label");
  say(remove, "blobs.delete.of", values, "aria-label");
  const row = element("tr", {},
    element("th", { scope: "row" }, element("bdi"), element("br"), element("bdi", { class: "id" })),
    element("td", { class: "number" }), element("td"), element("td", {}, element("bdi")),
    element("td"), element("td", { class: "actions" }, get, " ", remove));
  return titled(row, ["", "blobs.size", "event.time", "event.from", "state"]);
}

function put(row, blob) {
  const [name, size, when, device, state] = row.children;
  setTheirs(name.firstElementChild, blob.name ?? blob.id.slice(0, 12), 60);
  setTheirs(name.lastElementChild, blob.mediaType ?? "", 60);
  size.textContent = bytes(blob.size);
  when.textContent = time(new Date(blob.timestampMicros / 1000));
  setTheirs(device.firstElementChild, deviceName(blob.device), 40);
  say(state, `blobs.state.${blob.state}`);
}

async function upload(file) {
  const own = new AbortController();
  status("blobs.uploading", { name: visible(file.name), size: bytes(file.size) });
  uploading = own;
  byId("upload-cancel").disabled = false;
  const path = `blobs?name=${encodeURIComponent(file.name)}`;
  // A large file takes as long as it takes; there is a button to give it up.
  const sent = ask("POST", path, { body: file, signal: own.signal, patience: 0 });
  try {
    await sent;
    tell("blobs.uploaded", { name: visible(file.name) });
    byId("upload").reset();
  } catch (problem) {
    if (!own.signal.aborted) complain("blobs.failed", problem);
  }
  uploading = null;
  byId("upload-cancel").disabled = true;
  await list();
}

async function download(blob, name) {
  if (blob.size > DOWNLOAD_MAX) return tell("blobs.large", { most: bytes(DOWNLOAD_MAX) });
  await attempt("blobs.failed", async () => {
    const response = await ask("GET", `blobs/${encodeURIComponent(blob.id)}`, { patience: 0 });
    const address = URL.createObjectURL(await response.blob());
    element("a", { href: address, download: name }).click();
    // The browser has taken it by then.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  });
}

async function withdraw(blob, values) {
  const isSure = await question({
    title: "blobs.delete.title", text: "blobs.delete.text", yes: "blobs.delete", values,
    isDanger: true,
  });
  if (!isSure) return;
  const isDone = await attempt("blobs.failed", () => {
    return ask("DELETE", `blobs/${encodeURIComponent(blob.id)}`);
  });
  if (isDone) tell("blobs.deleted", values);
  await list();
}
