/** The devices of the swarm, what each may do, and putting one out. */

import { ask } from "./api.mjs";
import { question } from "./dialog.mjs";
import { button, byId, element, titled } from "./dom.mjs";
import { setTheirs, visible } from "./foreign.mjs";
import { follow } from "./keyed.mjs";
import { nameOf, shortId } from "./names.mjs";
import { attempt, tell } from "./notice.mjs";
import { onState, refresh } from "./state.mjs";
import { others, own } from "./swarm.mjs";
import { say, time } from "./text.mjs";

const MEMBERS_MAX = 500;

/** Shows each state. */
export function members() {
  onState((state) => {
    const self = own(state);
    const all = others(state).filter((device) => device.rights !== undefined);
    const rows = self ? [{ ...self, standing: "own" }, ...all] : all;
    follow(byId("members"), rows.slice(0, MEMBERS_MAX), {
      key: (member) => `${member.node} ${member.isRevoked}`,
      make: row,
      update: put,
    });
    const count = Math.min(rows.length, MEMBERS_MAX);
    byId("members-more").hidden = count === state.memberCount;
    say(byId("members-more"), "incomplete", { count });
  });
}

function row(member) {
  const canGo = !member.isOwn && !member.isRevoked;
  const ask = () => putOut(member);
  const revoke = canGo ? button("members.revoke", ask, { class: "quiet" }) : null;
  if (revoke) say(revoke, "members.revoke.of", { name: visible(nameOf(member)) }, "aria-label");
  const line = element("tr", {},
    element("th", { scope: "row" }, element("bdi"), element("br"),
      element("span", { class: "id" })),
    element("td", {}, element("span", { class: "standing" }), element("span", { class: "issuer" })),
    element("td", {}, element("bdi", { class: "id" })),
    element("td", {}, element("bdi")),
    element("td"),
    element("td", { class: "actions" }, revoke));
  return titled(line, ["", "state", "rights", "labels", "members.until"]);
}

function put(row, member) {
  const [name, state, rights, labels, until] = row.children;
  row.className = member.standing;
  setTheirs(name.firstElementChild, nameOf(member), 60);
  name.lastElementChild.textContent = shortId(member.node);
  name.lastElementChild.title = member.node;
  say(state.firstElementChild, `standing.${member.standing}`);
  if (member.isIssuer) say(state.lastElementChild, "members.issuer");
  setTheirs(rights.firstElementChild, member.rights);
  const pairs = Object.entries(member.labels).map(([key, value]) => `${key}=${value}`);
  setTheirs(labels.firstElementChild, pairs.join(", "), 200);
  until.textContent = time(new Date(member.notAfter * 1000));
}

async function putOut(member) {
  const values = { name: visible(nameOf(member)) };
  const filled = await question({
    title: "members.revoke.title", text: "members.revoke.text", yes: "members.revoke", values,
    fields: [{ name: "reason", label: "members.reason", required: true }],
    isDanger: true,
  });
  if (!filled) return;
  const path = `members/${encodeURIComponent(member.node)}/revoke`;
  const isDone = await attempt("failed", () => ask("POST", path, { body: filled }));
  if (isDone) tell("members.revoked", values);
  refresh();
}
