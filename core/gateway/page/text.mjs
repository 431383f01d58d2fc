/**
 * What the page says, in the language of who reads it.
 *
 * An element remembers what it says, not the words: when the language changes, it says it again.
 */

const LANGUAGES = ["en", "de"];
const CHOICE = "swarmlet.language";
/** What elements say: for each, key and values by what is set, its text or an attribute. */
const sayings = new WeakMap();

let language = "en";
let texts = {};
const listeners = [];

/** The language that was chosen here before, else the first that the browser likes and we have. */
export function preferred() {
  const wishes = [localStorage.getItem(CHOICE), ...navigator.languages];
  const known = wishes.map((wish) => wish?.slice(0, 2)).find((wish) => LANGUAGES.includes(wish));
  return known ?? "en";
}

/** Loads a language and says everything in it. */
export async function speak(wanted) {
  const response = await fetch(`/page/${wanted}.json`);
  texts = await response.json();
  language = wanted;
  document.documentElement.lang = wanted;
  repeat(document);
  listeners.forEach((listener) => listener());
}

/** Speaks a language from now on, also the next time. */
export async function choose(wanted) {
  await speak(wanted);
  localStorage.setItem(CHOICE, wanted);
}

/** Calls whoever says what no element remembers when the language changes. */
export function onLanguage(listener) {
  listeners.push(listener);
}

/** Lets an element say a text, or have it as an attribute. */
export function say(element, key, values = {}, attribute = "") {
  const said = sayings.get(element) ?? new Map();
  said.set(attribute, { key, values });
  sayings.set(element, said);
  element.dataset.said = "";
  put(element, attribute, t(key, values));
  return element;
}

/** A text with its values: numbers, times and strings, each as the language writes it. */
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  const chosen = typeof text === "string" ? text : text[plural(values.count)] ?? text.other;
  return chosen.replace(/\{(\w+)\}/g, (_, name) => written(values[name]));
}

/** A number as the language writes it. */
export function number(value, options = {}) {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: 1, ...options }).format(value);
}

/** Bytes in the unit that makes them short. */
export function bytes(value) {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log2(value || 1) / 10)));
  const unit = ["B", "KiB", "MiB", "GiB", "TiB"][power];
  return `${number(value / 1024 ** power)}\u00a0${unit}`;
}

/** Microseconds in the unit that makes them short. */
export function duration(micros) {
  if (micros < 1000) return `${number(micros)}\u00a0\u00b5s`;
  if (micros < 1e6) return `${number(micros / 1e3)}\u00a0ms`;
  if (micros < 120e6) return `${number(micros / 1e6)}\u00a0s`;
  if (micros < 7200e6) return `${number(micros / 60e6)}\u00a0min`;
  if (micros < 48 * 3600e6) return `${number(micros / 3600e6)}\u00a0h`;
  return `${number(micros / 86400e6)}\u00a0d`;
}

/** A time as people write it here, to the minute. */
export function time(date) {
  return moment(date, { dateStyle: "medium", timeStyle: "short" });
}

/** The same to the millisecond, as events are told apart by it. */
export function exactTime(date) {
  const two = "2-digit";
  const isOld = date.getFullYear() !== new Date().getFullYear();
  const day = { year: isOld ? "numeric" : undefined, month: two, day: two };
  return moment(date, { ...day, hour: two, minute: two, second: two, fractionalSecondDigits: 3 });
}

function moment(date, options) {
  const isTime = !Number.isNaN(date.getTime());
  return isTime ? new Intl.DateTimeFormat(locale(), options).format(date) : "\u2013";
}

/** The language as it is written where the browser is at home, if that is its language. */
function locale() {
  return navigator.languages.find((wish) => wish.startsWith(language)) ?? language;
}

/** Says everything below an element, also what its markup asks for. */
function repeat(root) {
  for (const element of root.querySelectorAll("[data-text]")) {
    say(element, element.dataset.text);
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    say(element, element.dataset.label, {}, "aria-label");
  }
  for (const element of root.querySelectorAll("[data-said]")) {
    sayings.get(element)?.forEach(({ key, values }, attribute) => {
      put(element, attribute, t(key, values));
    });
  }
}

function put(element, attribute, text) {
  if (attribute) {
    element.setAttribute(attribute, text);
  } else if (element.textContent !== text) {
    element.textContent = text;
  }
}

function plural(count) {
  return new Intl.PluralRules(language).select(Number(count ?? 0));
}

function written(value) {
  if (typeof value === "number") return number(value);
  if (value instanceof Date) return time(value);
  return value === undefined ? "" : String(value);
}
