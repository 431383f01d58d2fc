/** How the node is, asked for again and again: one question at a time, and never for long. */

import { askJson } from "./api.mjs";

const PERIOD = 1000;
/** Nobody looks; charts still want a value now and then. */
const PERIOD_HIDDEN = 5000;
const PATIENCE = 5000;

const listeners = { state: [], lost: [] };
let wake = () => {};

/** Calls with each state. */
export function onState(listener) {
  listeners.state.push(listener);
}

/** Calls with whether the node does not answer, when that changes. */
export function onLost(listener) {
  listeners.lost.push(listener);
}

/** Asks now, as something was done. */
export function refresh() {
  wake();
}

/** Asks until the token is no longer good. */
export async function watch() {
  let isLost = false;
  document.addEventListener("visibilitychange", refresh);
  for (;;) {
    let state = null;
    try {
      state = await askJson("GET", "state", { patience: PATIENCE });
    } catch (problem) {
      if (problem.isAboutToken) return;
    }
    if (isLost !== (state === null)) {
      isLost = state === null;
      tell(listeners.lost, isLost);
    }
    if (state) tell(listeners.state, state);
    await pause(document.hidden ? PERIOD_HIDDEN : PERIOD);
  }
}

/** One that fails does not keep the others from what there is. */
function tell(those, what) {
  for (const listener of those) {
    try {
      listener(what);
    } catch (error) {
      reportError(error);
    }
  }
}

function pause(time) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
