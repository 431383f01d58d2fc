/** Events as they happen. So many rows are kept, and nothing is read in other sections. */

import { answers, offsets } from "./api.mjs";
import { byId } from "./dom.mjs";
import { eventRow, isRow } from "./eventrow.mjs";
import { reason, showMistake } from "./notice.mjs";
import { say } from "./text.mjs";

const ROWS_MAX = 500;
/** Characters of all rows together: what is folded is held, too. */
const SIZE_MAX = 16 * 1024 * 1024;
/** Events that were missed in a pause and are shown after it; if there are more, none are. */
const MISSED_MAX = 5000;
const RETRY = { first: 500, most: 8000 };

/**
 * The stream that is being read, the place up to which it was, and how many rows there were; and
 * whether it goes on when the section is shown again.
 */
const tail = { reading: null, reached: null, query: "", seen: 0, isLeft: false };
/** The sizes of the rows that are shown, oldest first. */
let sizes = [];

/** Makes the form work. What happens is read from the first time on that somebody looks. */
export function live() {
  byId("live-form").addEventListener("submit", (event) => {
    event.preventDefault();
    follow(byId("live-query").value);
  });
  byId("pause").addEventListener("click", () => (tail.reading ? pause() : proceed()));
  byId("clear").addEventListener("click", clear);
}

/** Called when the section is shown. */
export function openLive() {
  if (!tail.query) follow(byId("live-query").value);
  else if (tail.isLeft) proceed();
  tail.isLeft = false;
}

/** Called when another section is shown; what a person has paused stays so. */
export function closeLive() {
  tail.isLeft = tail.reading !== null;
  if (tail.isLeft) pause();
}

/** Follows a query from now on. */
function follow(query) {
  tail.reading?.abort();
  Object.assign(tail, { reading: null, reached: null, query, seen: 0 });
  clear();
  byId("live-count").textContent = "";
  proceed();
}

function clear() {
  byId("tail").replaceChildren();
  sizes = [];
}

/** Reads no more; the node is told so. */
function pause() {
  tail.reading?.abort();
  end("live.paused");
}

async function proceed() {
  const own = new AbortController();
  tail.reading = own;
  byId("live-error").hidden = true;
  status("live.connecting", "live.pause");
  let wait = RETRY.first;
  while (tail.reading === own) {
    try {
      await place();
      await read(own, () => (wait = RETRY.first));
      if (tail.reading === own) return end("live.ended");
    } catch (problem) {
      if (tail.reading !== own) return;
      if (problem.isFinal) return refuse(problem);
    }
    if (tail.reading !== own) return;
    status("live.retrying", "live.pause");
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(2 * wait, RETRY.most);
  }
}

/** Finds the place to read from: where it was left, unless too much has happened since. */
async function place() {
  const present = await offsets();
  const missed = Object.entries(present).reduce((sum, [stream, last]) => {
    return sum + Math.max(0, last - (tail.reached?.[stream] ?? -1));
  }, 0);
  if (!tail.reached || missed > MISSED_MAX) tail.reached = present;
}

async function read(own, onAnswer) {
  const wanted = { query: tail.query, lowerBound: tail.reached };
  for await (const chunk of answers("subscribe", wanted, own.signal)) {
    if (tail.reading !== own) return;
    onAnswer();
    chunk.forEach(advance);
    show(chunk.filter(isRow));
    const mistake = chunk.find((answer) => answer.type === "diagnostic");
    if (mistake) showMistake(byId("live-error"), mistake.message);
    status("live.running", "live.pause");
  }
}

/** Keeps how far all was read. */
function advance(answer) {
  if (answer.type === "offsets") tail.reached = { ...tail.reached, ...answer.offsets };
  if (answer.type === "event" && answer.lamport > 0) tail.reached[answer.stream] = answer.offset;
}

/** Shows the newest on top, and drops the oldest. */
function show(rows) {
  tail.seen += rows.length;
  say(byId("live-count"), "live.count", { count: tail.seen, most: ROWS_MAX });
  const body = byId("tail");
  const newest = rows.slice(-ROWS_MAX);
  sizes.push(...newest.map((row) => row.size));
  body.prepend(...newest.reverse().map(eventRow));
  let size = sizes.reduce((sum, one) => sum + one, 0);
  while (sizes.length > ROWS_MAX || (size > SIZE_MAX && sizes.length > 1)) {
    size -= sizes.shift();
    body.lastElementChild.remove();
  }
}

function refuse(problem) {
  showMistake(byId("live-error"), reason(problem));
  end("live.refused");
}

/** There is nothing more to come, unless somebody asks for it. */
function end(key) {
  tail.reading = null;
  status(key, "live.continue");
}

function status(key, action) {
  say(byId("live-state"), key);
  say(byId("pause"), action);
}
