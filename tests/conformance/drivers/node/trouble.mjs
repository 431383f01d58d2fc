/** Why a request has no answer. */

import { SwarmletError } from "../../../../node/dist/index.mjs";

/** The driver does not know what to do. */
export class BrokenError extends Error {}

/**
 * The same functions, of which what they throw is a mistake of the driver: only what a call of the
 * package throws is a refusal.
 *
 * @template {object} T
 * @param {T} functions
 * @returns {T}
 */
export function blamed(functions) {
  const guarded = Object.entries(functions).map(([name, work]) => [name, blame(work)]);
  return Object.fromEntries(guarded);
}

/** @param {(...given: any[]) => unknown} work */
function blame(work) {
  return (/** @type {any[]} */ ...given) => {
    try {
      return work(...given);
    } catch (error) {
      const isKnown = error instanceof BrokenError || error instanceof SwarmletError;
      throw isKnown ? error : new BrokenError(String(error), { cause: error });
    }
  };
}

/**
 * What became of a call that threw.
 *
 * @param {unknown} error
 */
export function failure(error) {
  if (error instanceof SwarmletError) {
    const { code, advice, operation, message, details } = error;
    return { error: { code, number: numberOf(error), advice, operation, message, details } };
  }
  const isBroken = error instanceof BrokenError || error instanceof ReferenceError;
  return { [isBroken ? "broken" : "refused"]: String(error) };
}

/** @param {SwarmletError} error */
function numberOf(error) {
  return /** @type {typeof SwarmletError} */ (error.constructor).number;
}
