/** Short messages about what was done, or could not be done. */

import { button, byId, element } from "./dom.mjs";
import { visible } from "./foreign.mjs";
import { say } from "./text.mjs";

const SHOWN = 8000;
const NOTICES_MAX = 4;

/** Says for some seconds that something was done. */
export function tell(key, values) {
  const notice = add("done", say(element("p"), key, values));
  setTimeout(() => notice.remove(), SHOWN);
}

/** Shows what is wrong with a query, in a place beside it. */
export function showMistake(place, text) {
  const lines = text.replace(/^Invalid request\. ?/, "").split("\n");
  place.textContent = lines.map((line) => visible(line, 400)).join("\n");
  place.hidden = false;
}

/** Says until somebody has seen it that something failed, and why. */
export function complain(key, problem) {
  const text = say(element("p"), key);
  const why = element("p", { class: "why" }, visible(reason(problem), 500));
  add("failed", text, why);
}

/** Does something, and complains if it fails. Says whether it was done. */
export async function attempt(key, work) {
  try {
    await work();
    return true;
  } catch (problem) {
    complain(key, problem);
    return false;
  }
}

/** What an error says, or its name if it says nothing. */
export function reason(problem) {
  return problem?.message || problem?.name || String(problem);
}

function add(kind, ...content) {
  const notices = byId("notices");
  const notice = element("div", { class: `notice ${kind}` }, ...content);
  notice.append(button("close", () => notice.remove(), { class: "quiet" }));
  notices.append(notice);
  while (notices.children.length > NOTICES_MAX) notices.firstElementChild.remove();
  return notice;
}
