/** Devices that ask to be let in. A person compares the code with the one on the device. */

import { ask } from "./api.mjs";
import { question } from "./dialog.mjs";
import { button, byId, element } from "./dom.mjs";
import { setTheirs, visible } from "./foreign.mjs";
import { follow } from "./keyed.mjs";
import { attempt, tell } from "./notice.mjs";
import { onState, refresh } from "./state.mjs";
import { say } from "./text.mjs";

const PENDING_MAX = 50;

/** Shows each state. */
export function pending() {
  onState(({ pending: all }) => {
    byId("pending-none").hidden = all.length > 0;
    byId("pending-hint").hidden = all.length === 0;
    byId("waiting").hidden = all.length === 0;
    say(byId("waiting"), "pending.count", { count: all.length });
    follow(byId("pending"), all.slice(0, PENDING_MAX), {
      key: (device) => `${device.device} ${device.code}`,
      make: item,
      update: (row, device) => setTheirs(row.querySelector("bdi"), device.name, 60),
    });
  });
}

function item(device) {
  const values = valuesOf(device);
  const [yes, no] = [
    button("pending.approve", () => approve(device), { class: "main" }),
    button("pending.reject", () => reject(device)),
  ];
  say(yes, "pending.approve.of", values, "aria-label");
  say(no, "pending.reject.of", values, "aria-label");
  return element("li", {},
    element("strong", { class: "code" }, values.code),
    element("span", { class: "who" }, element("bdi")),
    element("span", { class: "actions" }, yes, " ", no));
}

async function approve(device) {
  const called = visible(device.name, 60);
  const filled = await question({
    title: "pending.question", text: "pending.compare", yes: "pending.yes",
    values: valuesOf(device),
    fields: [
      { name: "name", label: "invites.name", value: called },
      { name: "rights", label: "rights", value: "rw:*", hint: "rights.hint", required: true },
    ],
  });
  if (!filled) return;
  const body = { rights: filled.rights };
  // What is shown of a name may be less than all of it: unless it was changed the device keeps it.
  if (filled.name && filled.name !== called) body.name = filled.name;
  const path = `pending/${encodeURIComponent(device.device)}`;
  const isDone = await attempt("failed", () => ask("POST", path, { body }));
  if (isDone) tell("pending.approved", { name: filled.name || called });
  refresh();
}

async function reject(device) {
  const path = `pending/${encodeURIComponent(device.device)}`;
  const isDone = await attempt("failed", () => ask("DELETE", path));
  if (isDone) tell("pending.rejected", valuesOf(device));
  refresh();
}

/** The code in two groups, as people read six digits. */
function valuesOf({ code, name }) {
  const digits = visible(code, 12);
  return { name: visible(name, 60), code: `${digits.slice(0, 3)} ${digits.slice(3)}` };
}
