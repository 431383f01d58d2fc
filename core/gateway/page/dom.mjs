/** Elements out of data. There is no markup in it: text is only ever text. */

import { follow } from "./keyed.mjs";
import { say } from "./text.mjs";

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with properties and children.
 *
 * `say` is the key of what it says, `on...` are listeners, and the rest are attributes; those that
 * are `null` or `false` are left out.
 */
export function element(name, properties = {}, ...children) {
  return filled(document.createElement(name), properties, children);
}

/** The same for parts of drawings. */
export function drawn(name, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, name), properties, children);
}

/** The element of the page with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** A button that says something and does something. */
export function button(key, onclick, properties = {}) {
  return element("button", { type: "button", say: key, onclick, ...properties });
}

/** Gives the cells of a row the titles of their columns, for where there is no room for a head. */
export function titled(row, keys) {
  keys.forEach((key, index) => key && say(row.children[index], key, {}, "data-column"));
  return row;
}

/** Names and values, one under the other. */
export function facts(list, pairs) {
  follow(list, pairs, {
    key: ([name]) => name,
    make: ([name]) => element("div", {}, element("dt", { say: name }), element("dd")),
    update: (item, [, value]) => {
      if (item.lastElementChild.textContent !== value) item.lastElementChild.textContent = value;
    },
  });
}

function filled(target, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "say") say(target, value);
    else if (name.startsWith("on")) target.addEventListener(name.slice(2), value);
    else target.setAttribute(name, value === true ? "" : value);
  }
  target.append(...children.filter((child) => child !== null && child !== undefined));
  return target;
}
