/** Where the page begins: who sits here, in which language, and which section is shown. */

import { blobs, closeBlobs, openBlobs } from "./blobs.mjs";
import { byId } from "./dom.mjs";
import { explorer } from "./explorer.mjs";
import { visible } from "./foreign.mjs";
import { invites } from "./invites.mjs";
import { closeLive, live, openLive } from "./live.mjs";
import { members } from "./members.mjs";
import { metrics, show as showMetrics } from "./metrics.mjs";
import { learnNames } from "./names.mjs";
import { overview } from "./overview.mjs";
import { pending } from "./pending.mjs";
import { begin, takeToken } from "./session.mjs";
import { onLost, onState, watch } from "./state.mjs";
import { streams } from "./streams.mjs";
import { choose, onLanguage, preferred, say, speak } from "./text.mjs";

/** What a section does when it is shown, and when another one is. */
const SECTIONS = {
  swarm: {},
  events: {},
  live: { open: openLive, close: closeLive },
  streams: {},
  blobs: { open: openBlobs, close: closeBlobs },
  devices: {},
  metrics: { open: showMetrics },
};
const RETRY = 1000;

let shown = null;
let version = null;

async function start() {
  takeToken();
  await speak(preferred());
  languages();
  addEventListener("hashchange", () => {
    // Another link in the same tab is another person, or the same one a day later.
    if (takeToken()) location.reload();
    else if (version !== null) route(true);
  });
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("content").focus();
  });
  await enter();
}

/** Asks the node who this is, until it answers. */
async function enter() {
  for (;;) {
    try {
      const session = await begin();
      return session ? run(session) : gate("gate.missing");
    } catch (problem) {
      if (problem.isAboutToken) return gate("gate.refused");
      lost(true);
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
  }
}

async function run(session) {
  version = session.version;
  lost(false);
  const until = new Date(session.expires * 1000);
  say(byId("footer"), "footer", { version: visible(version), until });
  byId("footer").hidden = false;
  byId("columns").hidden = false;
  onState(learnNames);
  onLost((isLost) => {
    lost(isLost);
    // A node that was replaced meanwhile brings a page of its own.
    if (!isLost) begin().then((now) => now.version !== version && location.reload(), () => {});
  });
  const devices = [pending, invites, members];
  [overview, explorer, live, streams, blobs, ...devices, metrics].forEach((part) => part());
  route(false);
  await watch();
  // What was shown was for who had the link: nothing of it stays, and nothing of it goes on.
  location.reload();
}

/** Shows the section that the address names. */
function route(isMoved) {
  const wanted = location.hash.slice(1);
  const name = Object.hasOwn(SECTIONS, wanted) ? wanted : "swarm";
  if (name === shown) return;
  if (shown) SECTIONS[shown].close?.();
  shown = name;
  for (const section of Object.keys(SECTIONS)) byId(section).hidden = section !== name;
  for (const link of byId("sections").querySelectorAll("a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  SECTIONS[name].open?.();
  if (isMoved) {
    // The headline stays in sight, whichever section the browser has scrolled to.
    byId(`${name}-title`).focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

/** Says how to come in, and nothing else. */
function gate(why) {
  lost(false);
  say(byId("gate-why"), why);
  byId("gate").hidden = false;
}

function lost(isLost) {
  byId("lost").hidden = !isLost;
  if (isLost) say(byId("lost"), "lost");
  document.body.classList.toggle("is-lost", isLost);
}

function languages() {
  const select = byId("language");
  select.value = document.documentElement.lang;
  select.addEventListener("change", () => {
    choose(select.value).catch(() => (select.value = document.documentElement.lang));
  });
  onLanguage(() => (select.value = document.documentElement.lang));
}

start();
