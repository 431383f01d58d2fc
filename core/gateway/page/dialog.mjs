/** A question before something is done that cannot be undone, or that needs to be said how. */

import { byId, element } from "./dom.mjs";
import { say } from "./text.mjs";

/**
 * Asks, and gives what was filled in, or `null` if nobody wants it done.
 *
 * A field is `{name, label, value, hint, required}`; `yes` is the key of what the button says.
 */
export function question({ title, text, yes, values = {}, fields = [], isDanger = false }) {
  const dialog = byId("dialog");
  say(byId("dialog-title"), title, values);
  say(byId("dialog-text"), text, values);
  const confirm = byId("dialog-yes");
  say(confirm, yes, values);
  confirm.classList.toggle("danger", isDanger);
  byId("dialog-fields").replaceChildren(...fields.map(field));
  return new Promise((resolve) => {
    const form = byId("dialog-form");
    let answer = null;
    form.onsubmit = (event) => {
      event.preventDefault();
      answer = Object.fromEntries(new FormData(form));
      dialog.close();
    };
    byId("dialog-no").onclick = () => dialog.close();
    dialog.onclose = () => resolve(answer);
    dialog.showModal();
    // Whoever hits Enter without reading has cancelled.
    (dialog.querySelector("input") ?? byId("dialog-no")).focus();
  });
}

function field({ name, label, value = "", hint, required = false }) {
  const id = `dialog-${name}`;
  const described = hint ? `${id}-hint` : null;
  const input = element("input", {
    id, name, value, required, maxlength: 512, autocomplete: "off", "aria-describedby": described,
  });
  return element("p", { class: "field" }, element("label", { for: id, say: label }), input,
    hint ? element("span", { id: described, class: "hint", say: hint }) : null);
}
