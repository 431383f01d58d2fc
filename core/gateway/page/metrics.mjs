/** What the node measures of itself, over the last minutes. A page that is closed keeps nothing. */

import { chart, draw } from "./charts.mjs";
import { byId } from "./dom.mjs";
import { onState } from "./state.mjs";
import { bytes, duration, number, onLanguage, say, t } from "./text.mjs";

const SPAN = 5 * 60 * 1000;
/** Values in a line: one a second. */
const SAMPLES_MAX = 300;
/** Charts: more than the node measures today. */
const CHARTS_MAX = 40;
const FIRST = [
  "published", "received", "publishedBytes", "publishP50Micros", "publishP99Micros",
  "syncP50Micros", "syncP99Micros", "reads", "readP50Micros", "readP99Micros", "requests",
  "eventsStored", "subscriptionsOpen", "connections",
];

const samples = [];
const charts = new Map();

/** Takes a sample of each state. */
export function metrics() {
  onState((state) => {
    const { counters, gauges, uptimeSecs } = state;
    samples.push({ at: performance.now(), counters, gauges, uptimeSecs });
    const oldest = samples.at(-1).at - SPAN;
    while (samples[0].at < oldest || samples.length > SAMPLES_MAX) samples.shift();
    show();
  });
  onLanguage(() => samples.length > 0 && show());
}

/** Draws what there is; nothing while nobody looks. */
export function show() {
  if (byId("metrics").hidden || samples.length === 0) return;
  const { counters, gauges } = samples.at(-1);
  for (const name of inOrder(Object.keys({ ...counters, ...gauges }))) {
    if (name in counters) put(name, rates(name), isBytes(name) ? byteRate : rate);
    else put(name, values(name), unitOf(name));
  }
}

/** First what people look for. */
function inOrder(names) {
  const rank = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  return names.sort((a, b) => rank(a) - rank(b));
}

function put(name, line, write) {
  if (!charts.has(name)) {
    if (charts.size >= CHARTS_MAX) return;
    charts.set(name, chart());
    byId("charts").append(charts.get(name).figure);
  }
  const target = charts.get(name);
  say(target.title, `metric.${name}`);
  const share = Math.min(1, (samples.at(-1).at - samples[0].at) / SPAN);
  draw(target, line, share, write);
}

/** How fast a counter grows, each second. A node that was started anew counts from nothing. */
function rates(name) {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index];
    const [now, then] = [sample.counters[name], before.counters[name]];
    const isKnown = now !== undefined && now >= then && sample.uptimeSecs >= before.uptimeSecs;
    return isKnown ? ((now - then) * 1000) / (sample.at - before.at) : null;
  });
}

function values(name) {
  return samples.map((sample) => sample.gauges[name] ?? null);
}

/** Names end with their unit. */
function unitOf(name) {
  if (name.endsWith("Micros")) return duration;
  return isBytes(name) ? bytes : number;
}

function isBytes(name) {
  return /bytes/i.test(name);
}

function rate(value) {
  return t("metrics.rate", { value: number(value) });
}

function byteRate(value) {
  return t("metrics.rate", { value: bytes(value) });
}
