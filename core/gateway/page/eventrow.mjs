/** An event, or what a query made of events, as a row of a table. */

import { element } from "./dom.mjs";
import { setTheirs, theirs } from "./foreign.mjs";
import { deviceName } from "./names.mjs";
import { payload } from "./payload.mjs";
import { exactTime, say } from "./text.mjs";

/** Tags of an event that are shown; the number of the others is. */
const TAGS_MAX = 12;
/** What stands in the place of a stream where there is no single event. */
const NO_STREAM = /^\.+-0$/;

/** Whether an answer is one that has a row. */
export function isRow(answer) {
  return answer.type === "event" || answer.type === "antiEvent";
}

/** The row of an answer. */
export function eventRow(answer) {
  const isEvent = !NO_STREAM.test(answer.stream);
  return element("tr", { class: answer.type === "antiEvent" ? "taken-back" : null },
    element("td", { class: "time" }, isEvent ? time(answer) : say(element("span"), "event.made")),
    element("td", { class: "from" }, isEvent ? from(answer) : ""),
    element("td", { class: "tags" }, ...tags(answer.tags ?? [])),
    element("td", { class: "payload" }, payload(answer.payload)));
}

function time(answer) {
  const date = new Date(answer.timestamp / 1000);
  const iso = Number.isNaN(date.getTime()) ? null : date.toISOString();
  return element("time", { datetime: iso, title: iso }, exactTime(date));
}

function from(answer) {
  const stream = answer.stream;
  const device = deviceName(stream.slice(0, stream.lastIndexOf("-")));
  const name = theirs(device, 40);
  const app = setTheirs(element("bdi", { class: "app" }), answer.appId ?? "", 60);
  const key = element("span", { class: "place" }, `#${answer.offset}`);
  key.title = `${answer.lamport}/${stream}/${answer.offset}`;
  return element("span", {}, name, " ", key, element("br"), app);
}

function tags(all) {
  const shown = all.slice(0, TAGS_MAX).map((tag) => {
    return element("span", { class: "tag" }, theirs(tag, 60));
  });
  const count = all.length - shown.length;
  const rest = element("span", { class: "hint" });
  if (count > 0) shown.push(say(rest, "event.tags.more", { count }));
  return shown;
}
