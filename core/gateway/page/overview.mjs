/** Who is in the swarm, and are we in sync? The headline of all sections, and the first of them. */

import { byId, element, facts, titled } from "./dom.mjs";
import { setTheirs, theirs, visible } from "./foreign.mjs";
import { follow } from "./keyed.mjs";
import { nameOf } from "./names.mjs";
import { onState } from "./state.mjs";
import { headline, others, own } from "./swarm.mjs";
import { bytes, duration, number, onLanguage, say } from "./text.mjs";
import { looks, topology } from "./topology.mjs";

/** Devices, refusals and incidents of which there is a line each; a swarm has tens of devices. */
const LINES_MAX = 200;

let last = null;
let looked = "";
let announced = "";

/** Shows each state, and shows it anew when there is more or less room. */
export function overview() {
  onState(show);
  onLanguage(() => last && show(last));
  new ResizeObserver(() => last && draw(last)).observe(byId("topology"));
}

function show(state) {
  last = state;
  const devices = others(state);
  showHeadline(state, devices);
  draw(state);
  showAway(devices);
  showRefused(state.refused);
  showPeers(devices.filter((device) => device.peer));
  showIncidents(state);
  showSelf(state);
}

function showHeadline(state, devices) {
  const { kind, key, values } = headline(state);
  byId("headline").hidden = false;
  byId("headline").dataset.kind = kind;
  say(byId("sentence"), key, values);
  say(byId("explanation"), `explain.${kind}`, values);
  document.title = `${byId("sentence").textContent} \u2013 Swarmlet`;
  const dots = devices.filter((device) => !device.isRevoked).slice(0, 60);
  follow(byId("dots"), dots, {
    key: (device) => device.node,
    make: () => element("li"),
    update: (item, device) => (item.className = device.standing),
  });
  // Numbers change every second; who listens is told when something else does.
  const spoken = `${kind} ${document.documentElement.lang} ${values.connected}`;
  if (spoken !== announced) say(byId("announcement"), key, values);
  announced = spoken;
}

function draw(state) {
  const [self, devices, place] = [own(state), others(state), byId("topology")];
  const width = Math.floor(place.clientWidth);
  const now = looks(self, devices, width);
  if (width === 0 || now === looked) return;
  looked = now;
  place.replaceChildren(topology(self, devices, width));
}

function showAway(devices) {
  const away = devices.filter((device) => device.standing === "away").slice(0, LINES_MAX);
  byId("away-part").hidden = away.length === 0;
  follow(byId("away"), away, {
    key: (device) => device.node,
    make: () => element("li", {}, element("bdi")),
    update: (item, device) => setTheirs(item.firstElementChild, nameOf(device)),
  });
}

function showRefused(refused) {
  byId("refused-part").hidden = refused.length === 0;
  follow(byId("refused"), refused.slice(0, LINES_MAX), {
    key: (refusal) => `${refusal.with} ${refusal.why}`,
    make: (refusal) => element("li", {}, element("strong", {}, theirs(refusal.with)),
      ": ", theirs(refusal.why, 300)),
  });
}

function showPeers(devices) {
  byId("peers-part").hidden = devices.length === 0;
  follow(byId("peers"), devices.slice(0, LINES_MAX), {
    key: (device) => device.node,
    make: peerRow,
    update: (row, device) => {
      const [name, standing, behind, ahead, lag, trip, address] = row.children;
      const { peer } = device;
      setTheirs(name.firstElementChild, nameOf(device));
      row.className = device.standing;
      say(standing.firstElementChild, `standing.${device.standing}`);
      behind.textContent = number(peer.behind);
      ahead.textContent = number(peer.ahead);
      lag.textContent = peer.lagSecs ? duration(peer.lagSecs * 1e6) : "\u2013";
      trip.textContent = peer.roundTripMicros === null ? "\u2013" : duration(peer.roundTripMicros);
      setTheirs(address.firstElementChild, peer.address);
    },
  });
}

function peerRow() {
  const cell = () => element("td", { class: "number" });
  const row = element("tr", {},
    element("th", { scope: "row" }, element("bdi")),
    element("td", {}, element("span", { class: "standing" })),
    cell(), cell(), cell(), cell(),
    element("td", {}, element("bdi", { class: "id" })));
  const titles = ["peers.behind", "peers.ahead", "peers.lag", "peers.trip", "address"];
  return titled(row, ["", "state", ...titles]);
}

function showIncidents({ incidents, fault }) {
  const all = fault ? [fault, ...incidents] : incidents;
  byId("incidents-part").hidden = all.length === 0;
  follow(byId("incidents"), all.slice(0, LINES_MAX), {
    key: (text) => text,
    make: (text) => element("li", {}, theirs(text, 500)),
  });
}

function showSelf(state) {
  const self = own(state);
  byId("device").textContent = self ? visible(nameOf(self), 40) : "";
  facts(byId("self"), [
    ["self.name", self ? visible(nameOf(self)) : "\u2013"],
    ["self.node", state.node],
    ["self.swarm", state.swarm ?? "\u2013"],
    ["self.listening", state.listening.map((address) => visible(address)).join("\n") || "\u2013"],
    ["self.events", bytes(state.storage.eventsBytes)],
    ["self.uptime", duration(state.uptimeSecs * 1e6)],
  ]);
}
