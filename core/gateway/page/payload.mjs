/** A payload: one line of it, and all of it when it is unfolded, level by level. */

import { element, button } from "./dom.mjs";
import { visible } from "./foreign.mjs";
import { Exact } from "./json.mjs";
import { say } from "./text.mjs";

/** Characters of the line that stands for a payload. */
const LINE_MAX = 160;
/** Members of one level that are shown at once; there is a button for more. */
const MEMBERS_STEP = 100;
/** Characters of one text that are shown. */
const TEXT_MAX = 2000;

/** The payload, folded if there is more of it than a line shows. */
export function payload(value) {
  const line = visible(inLine(value, LINE_MAX), LINE_MAX);
  const code = element("code", {}, line);
  if (!isNested(value) && line.length < LINE_MAX) return code;
  return folded(code, value);
}

function folded(label, value) {
  const details = element("details", { class: "payload" }, element("summary", {}, label));
  details.addEventListener("toggle", () => {
    // What nobody looks at is not there: a payload may have a hundred thousand members.
    if (details.open) details.append(inside(value));
    else details.lastElementChild.remove();
  });
  return details;
}

function inside(value) {
  if (!isNested(value)) return element("pre", { class: "text" }, scalar(value));
  const list = element("ul", { class: "members" });
  more(list, Array.isArray(value) ? value.entries() : Object.entries(value).values());
  return list;
}

/** The next members of a level, and a button if there are others. */
function more(list, entries) {
  for (let count = 0; count < MEMBERS_STEP; count += 1) {
    const { value: entry, done } = entries.next();
    if (done) return;
    list.append(member(entry));
  }
  const item = element("li");
  const next = button("payload.more", () => {
    item.remove();
    more(list, entries);
  }, { class: "quiet" });
  item.append(next);
  list.append(item);
}

function member([name, value]) {
  const key = element("bdi", { class: "key" }, visible(name, 200));
  if (!isNested(value)) return element("li", {}, key, " ", scalar(value));
  const line = element("code", {}, visible(inLine(value, 60), 60));
  const label = element("span", {}, key, " ", line);
  return element("li", {}, folded(label, value));
}

/** A value that has nothing in it. */
function scalar(value) {
  const kind = value === null ? "null" : value instanceof Exact ? "number" : typeof value;
  const text = typeof value === "string" ? JSON.stringify(value.slice(0, TEXT_MAX)) : textOf(value);
  const shown = element("bdi", { class: `value ${kind}` }, visible(text, TEXT_MAX + 2));
  if (typeof value !== "string" || value.length <= TEXT_MAX) return shown;
  const cut = say(element("span", { class: "hint" }), "payload.cut", { count: value.length });
  return element("span", {}, shown, " ", cut);
}

/** The beginning of a value in a line; only as much of it is looked at as is shown. */
function inLine(value, room) {
  if (!isNested(value)) {
    return typeof value === "string" ? JSON.stringify(value.slice(0, room)) : textOf(value);
  }
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const parts = [];
  let left = room - 2;
  for (const name of Object.keys(value)) {
    if (left <= 0) {
      parts.push("\u2026");
      break;
    }
    const label = Array.isArray(value) ? "" : `${name.slice(0, room)}: `;
    const part = label + inLine(value[name], left - label.length);
    parts.push(part);
    left -= part.length + 2;
  }
  return open + parts.join(", ") + close;
}

function isNested(value) {
  return value !== null && typeof value === "object" && !(value instanceof Exact);
}

function textOf(value) {
  return value instanceof Exact ? value.text : String(value);
}
