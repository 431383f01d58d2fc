/** Events that are there: a query, its rows, and what it has to say. */

import { answers, offsets, Problem } from "./api.mjs";
import { byId, element } from "./dom.mjs";
import { eventRow, isRow } from "./eventrow.mjs";
import { visible } from "./foreign.mjs";
import { complain, reason, showMistake } from "./notice.mjs";
import { duration, say } from "./text.mjs";

const DIAGNOSTICS_MAX = 20;
/** Characters of all rows together: what is folded is held, too. */
const SIZE_MAX = 16 * 1024 * 1024;

let running = null;

/** Makes the form work. */
export function explorer() {
  byId("query-form").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  byId("query-form").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
  });
  byId("cancel").addEventListener("click", () => running?.abort());
  byId("bounds-now").addEventListener("click", takeBounds);
}

async function run() {
  running?.abort();
  const own = new AbortController();
  running = own;
  clear();
  outcome("query.running");
  byId("cancel").disabled = false;
  const started = performance.now();
  const found = { rows: 0, size: 0, diagnostics: 0, isCut: false };
  try {
    await collect(request(), Number(byId("limit").value), own, found);
    finish(own, found, started);
  } catch (problem) {
    if (running === own) fail(own, problem, found);
  } finally {
    own.abort();
    if (running === own) {
      running = null;
      byId("cancel").disabled = true;
    }
  }
}

function request() {
  const wanted = { query: byId("query").value, order: byId("order").value };
  const [lower, upper] = [bound("lower"), bound("upper")];
  if (lower) wanted.lowerBound = lower;
  if (upper) wanted.upperBound = upper;
  return wanted;
}

/** Offsets as somebody typed them; nothing if nobody did. */
function bound(id) {
  const text = byId(id).value.trim();
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem(400, "", `${byId(id).labels[0].textContent}: ${error.message}`);
  }
}

/** Takes rows until there are as many as wanted; then the node is not asked for more. */
async function collect(wanted, limit, own, found) {
  for await (const chunk of answers("query", wanted, own.signal)) {
    if (running !== own) return;
    const kept = chunk.filter(isRow).slice(0, limit - found.rows);
    byId("results").append(...kept.map(eventRow));
    byId("results-table").hidden = false;
    found.rows += kept.length;
    found.size += kept.reduce((sum, row) => sum + row.size, 0);
    chunk.filter((answer) => answer.type === "diagnostic").forEach((it) => diagnose(it, found));
    found.isCut = found.rows === limit || found.size > SIZE_MAX;
    if (found.isCut) return;
  }
}

function diagnose({ severity, message }, found) {
  found.diagnostics += 1;
  if (found.diagnostics > DIAGNOSTICS_MAX) return;
  const list = byId("diagnostics");
  list.hidden = false;
  const label = element("strong", { say: `severity.${severity}` });
  const item = element("li", { class: severity }, label, " ", visible(message, 500));
  list.append(item);
}

function finish(own, found, started) {
  if (running !== own) return;
  const time = duration(Math.round(performance.now() - started) * 1000);
  byId("results-table").hidden = found.rows === 0;
  outcome(found.isCut ? "query.cut" : "query.done", { count: found.rows, time });
}

function fail(own, problem, found) {
  if (own.signal.aborted) return outcome("query.cancelled", { count: found.rows });
  outcome("query.failed");
  showMistake(byId("query-error"), reason(problem));
  byId("query").setAttribute("aria-invalid", "true");
  byId("query").focus();
}

function clear() {
  byId("results").replaceChildren();
  byId("results-table").hidden = true;
  byId("diagnostics").replaceChildren();
  byId("diagnostics").hidden = true;
  byId("query-error").hidden = true;
  byId("query").removeAttribute("aria-invalid");
}

function outcome(key, values) {
  say(byId("query-outcome"), key, values);
}

async function takeBounds() {
  try {
    byId("upper").value = JSON.stringify(await offsets(), null, 1);
  } catch (problem) {
    complain("failed", problem);
  }
}
