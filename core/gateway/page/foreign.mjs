/** Text that others wrote: names, tags, errors. It is shown as it is, and deceives nobody. */

/** What is not seen, or turns the order of what is: all of it but the joiners that scripts need. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** More marks on a letter than any script has; they would cover the lines above. */
const PILED = /(\p{M}{3})\p{M}+/gu;
/** Characters of a name that are shown; the rest is cut. */
const NAME_MAX = 80;

/** The text with everything in it seen, cut to so many characters. */
export function visible(text, max = NAME_MAX) {
  const whole = String(text);
  // A character has at most two units, with marks some more; nothing behind that is looked at.
  const letters = Array.from(whole.slice(0, 4 * max + 4).replace(PILED, "$1"));
  const shown = letters.slice(0, max).join("").replace(UNSEEN, escaped);
  return letters.length > max ? `${shown}\u2026` : shown;
}

/** An element for such text: its direction is its own. */
export function theirs(text, max = NAME_MAX) {
  const element = document.createElement("bdi");
  setTheirs(element, text, max);
  return element;
}

/** Puts such text into an element, and more of it where the mouse rests. */
export function setTheirs(element, text, max = NAME_MAX) {
  const shown = visible(text, max);
  if (element.textContent !== shown) {
    element.textContent = shown;
    element.title = shown.endsWith("\u2026") ? visible(text, 1000) : "";
  }
  return element;
}

function escaped(letter) {
  return `\\u{${letter.codePointAt(0).toString(16)}}`;
}
