/** Invites: a line of text or its picture lets a device in. They are kept in this tab only. */

import { askJson } from "./api.mjs";
import { button, byId, element } from "./dom.mjs";
import { visible } from "./foreign.mjs";
import { attempt, complain, tell } from "./notice.mjs";
import { say } from "./text.mjs";

/** None goes by itself, as it stays good and could then be withdrawn nowhere. */
const INVITES_MAX = 20;

let isMaking = false;

/** Makes the form work. */
export function invites() {
  byId("invite-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!isMaking) make();
  });
}

async function make() {
  isMaking = true;
  try {
    const made = await askJson("POST", "invites", { body: terms() });
    const item = invitation(made, byId("invite-name").value);
    byId("invites").prepend(item);
    item.querySelector("textarea").focus();
  } catch (problem) {
    complain("invites.failed", problem);
  }
  isMaking = false;
  showRoom();
}

/** Lets another invite be made if there is room for it, and says why not if there is none. */
function showRoom() {
  const isFull = byId("invites").children.length >= INVITES_MAX;
  byId("invite").disabled = isFull;
  byId("invites-full").hidden = !isFull;
  if (isFull) say(byId("invites-full"), "invites.full", { most: INVITES_MAX });
}

function terms() {
  const said = {
    rights: byId("invite-rights").value.trim(),
    uses: byId("invite-uses").valueAsNumber || 1,
    validSecs: Math.round((byId("invite-hours").valueAsNumber || 24) * 3600),
  };
  const name = byId("invite-name").value.trim();
  if (name) said.name = name;
  const labels = byId("invite-labels").value.split(",").map((label) => label.trim());
  const pairs = labels.filter(Boolean).map((label) => {
    const [key, ...value] = label.split("=");
    return [key.trim(), value.join("=").trim()];
  });
  if (pairs.length > 0) said.labels = Object.fromEntries(pairs);
  return said;
}

function invitation({ invite, svg }, name) {
  const picture = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  const image = element("img", { src: picture, class: "code", width: 240, height: 240 });
  say(image, "invites.picture", {}, "alt");
  const text = element("textarea", { readonly: true, rows: 5 });
  text.value = invite;
  say(text, "invites.text", {}, "aria-label");
  const title = name ? element("h4", {}, element("bdi", {}, visible(name))) : null;
  const item = element("li", {}, image, element("div", {}, title, text,
    element("p", { class: "controls" },
      button("copy", () => copy(invite)),
      button("invites.withdraw", () => withdraw(invite, item, picture)))));
  return item;
}

async function copy(invite) {
  if (await attempt("failed", () => navigator.clipboard.writeText(invite))) tell("copied");
}

async function withdraw(invite, item, picture) {
  await attempt("failed", async () => {
    const { wasGood } = await askJson("POST", "invites/withdraw", { body: { invite } });
    tell(wasGood ? "invites.withdrawn" : "invites.over");
    item.remove();
    URL.revokeObjectURL(picture);
    showRoom();
    byId("invite-name").focus();
  });
}
