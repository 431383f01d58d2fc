/** The swarm as a drawing: this device in the middle, and the connected ones around it. */

import { drawn } from "./dom.mjs";
import { visible } from "./foreign.mjs";
import { nameOf } from "./names.mjs";
import { duration, number, t } from "./text.mjs";

/** Devices that find room around this one; the table has all. */
const AROUND_MAX = 24;
/** As many have room for all that there is to say on the way to them. */
const ROOMY_MAX = 8;
const RADIUS = 15;
/** The width of most letters. */
const LETTER = 8;
/** What stands in a device, so that colours are not needed to tell how it is. */
const SIGNS = { sync: "\u2713", behind: "\u2193", ahead: "\u2191" };

/** A drawing of so many pixels of width. */
export function topology(self, devices, width) {
  const around = devices.filter((device) => device.peer).slice(0, AROUND_MAX);
  const height = heightFor(around.length, width);
  // A little higher than the middle: names are below what they name.
  const middle = { x: width / 2, y: height / 2 - 8 };
  const places = around.map((_, index) => place(middle, index, around.length));
  const room = Math.floor(Math.min(200, distance(middle, around.length)) / LETTER);
  const label = t("topology.label", { count: around.length });
  return drawn("svg", {
    role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}`, width, height,
  },
  ...around.map((device, index) => link(middle, places[index], device)),
  ...around.map((device, index) => measure(middle, places[index], device, around.length)),
  ...around.map((device, index) => node(places[index], device, room)),
  ...centre(middle, self));
}

/** Where a device is on the ellipse: few ones left and right, more from the top on. */
function place(middle, index, count) {
  const start = count <= 2 ? 0 : -Math.PI / 2;
  const angle = start + (index * 2 * Math.PI) / count;
  const { wide, high } = axes(middle);
  return { x: middle.x + wide * Math.cos(angle), y: middle.y + high * Math.sin(angle) };
}

function axes(middle) {
  return { wide: Math.min(middle.x - 52, 340), high: middle.y - 24 };
}

function heightFor(count, width) {
  if (count <= 2) return 150;
  return width < 480 || count > ROOMY_MAX ? 440 : 340;
}

/** About how far it is from one to the next. */
function distance(middle, count) {
  const { wide, high } = axes(middle);
  return (Math.PI * (wide + high)) / Math.max(count, 3);
}

/** Drawn from who has more to who has less, as events go. */
function link(middle, at, { standing }) {
  const [from, to] = standing === "ahead" ? [middle, at] : [at, middle];
  return drawn("line", { class: `link ${standing}`, x1: from.x, y1: from.y, x2: to.x, y2: to.y });
}

function node(at, device, room) {
  const name = visible(nameOf(device), room);
  return drawn("g", { class: `node ${device.standing}` },
    drawn("circle", { cx: at.x, cy: at.y, r: RADIUS }),
    text(at.x, at.y + 5, "sign", SIGNS[device.standing]),
    text(at.x, at.y + RADIUS + 16, "name", name));
}

/** How long an answer takes, and how much is missing, on the way between the two. */
function measure(middle, at, { peer, standing }, count) {
  const isRoomy = count <= ROOMY_MAX;
  // Near the devices the ways are far from each other.
  const share = isRoomy ? 0.52 : 0.3;
  const x = at.x + (middle.x - at.x) * share;
  const y = at.y + (middle.y - at.y) * share - 6;
  const trip = peer.roundTripMicros === null ? "" : duration(peer.roundTripMicros);
  const missing = { behind: peer.behind, ahead: peer.ahead }[standing];
  if (!missing) return text(x, y, "trip", trip);
  if (!isRoomy) return text(x, y, "lag", number(missing));
  const lag = t(`topology.${standing}`, { count: missing });
  return drawn("g", {}, text(x, y, "trip", trip), text(x, y + 20, "lag", lag));
}

function centre(middle, self) {
  const name = self ? visible(nameOf(self), 24) : "";
  return [
    drawn("circle", { class: "self", cx: middle.x, cy: middle.y, r: RADIUS + 7 }),
    text(middle.x, middle.y + RADIUS + 24, "name self-name", name || t("this")),
  ];
}

function text(x, y, name, content) {
  return drawn("text", { class: name, x, y, "text-anchor": "middle" }, content);
}

/** Whether two drawings of these would be the same. */
export function looks(self, devices, width) {
  const seen = devices.map(({ node, name, standing, peer }) => {
    return [node, name, standing, peer && [trip(peer), number(peer.behind), number(peer.ahead)]];
  });
  return JSON.stringify([self?.node, self?.name, seen, width, document.documentElement.lang]);
}

function trip(peer) {
  return peer.roundTripMicros === null ? null : duration(peer.roundTripMicros);
}
