/** A line over the last minutes, as a drawing with words for who does not see it. */

import { drawn, element } from "./dom.mjs";
import { say } from "./text.mjs";

const WIDTH = 300;
const HEIGHT = 72;

/** A chart without a line yet. */
export function chart() {
  const value = element("p", { class: "value" });
  const title = element("h3");
  const most = element("span", { class: "most" });
  const line = drawn("path", { class: "line" });
  const area = drawn("path", { class: "area" });
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" };
  const drawing = drawn("svg", box, area, line);
  const axis = element("p", { class: "axis" }, element("span", { say: "metrics.start" }), most,
    element("span", { say: "metrics.now" }));
  const figure = element("section", { class: "chart" }, title, value, drawing, axis);
  return { figure, title, value, most, line, area, drawing };
}

/**
 * Draws values over time, oldest first: `null` where nothing is known.
 *
 * `show` writes a value with its unit, `share` is how much of the width the values take.
 */
export function draw(target, values, share, show) {
  const known = values.filter((value) => value !== null);
  const most = Math.max(...known, 0);
  const step = values.length > 1 ? (WIDTH * share) / (values.length - 1) : 0;
  const start = WIDTH * (1 - share);
  const point = (value, index) => {
    const y = HEIGHT - 2 - ((HEIGHT - 8) * value) / (most || 1);
    return `${(start + index * step).toFixed(1)} ${y.toFixed(1)}`;
  };
  target.line.setAttribute("d", path(values, point));
  target.area.setAttribute("d", runs(values).map((run) => below(run, point)).join(""));
  const now = known.length > 0 ? show(known.at(-1)) : "\u2013";
  if (target.value.textContent !== now) target.value.textContent = now;
  say(target.most, "metrics.most", { most: show(most) });
  const title = target.title.textContent;
  say(target.drawing, "metrics.label", { title, now, most: show(most) }, "aria-label");
}

function path(values, point) {
  return runs(values).map((run) => {
    return `M${run.map(({ value, index }) => point(value, index)).join("L")}`;
  }).join("");
}

/** The area between a part of the line and the ground. */
function below(run, point) {
  const line = run.map(({ value, index }) => point(value, index)).join("L");
  const ground = (index) => `${point(0, index).split(" ")[0]} ${HEIGHT}`;
  return `M${ground(run[0].index)}L${line}L${ground(run.at(-1).index)}Z`;
}

/** The parts of the line between which nothing is known. */
function runs(values) {
  const found = [[]];
  values.forEach((value, index) => {
    if (value === null) found.push([]);
    else found.at(-1).push({ value, index });
  });
  return found.filter((run) => run.length > 0);
}
