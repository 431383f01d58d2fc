/** JSON whose numbers stay what they are: a payload has integers that no number here can hold. */

/** A number as it was written, because it would be another one as a number. */
export class Exact {
  constructor(text) {
    this.text = text;
  }
}

/** What a text says. */
export function parse(text) {
  return JSON.parse(text, keep);
}

function keep(_key, value, context) {
  const isOther = typeof value === "number" && context?.source && String(value) !== context.source;
  return isOther ? new Exact(context.source) : value;
}
