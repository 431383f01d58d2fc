/** The conformance driver of Node.js: does with `swarmlet` what the suite says. */

import process from "node:process";

import { Operations } from "./operations.mjs";
import { failure } from "./trouble.mjs";

/** @typedef {{id: number, op: string, args: import("./notation.mjs").Args}} Request */

const operations = new Operations();

/** @param {Request} request */
async function answer({ id, op, args }) {
  let result;
  try {
    result = { ok: (await operations.perform(op, args)) ?? null };
  } catch (error) {
    result = failure(error);
  }
  process.stdout.write(`${JSON.stringify({ id, ...result })}\n`);
}

/** @param {string} line */
function begin(line) {
  const request = /** @type {Request} */ (JSON.parse(line));
  if (request.op === "exit") {
    process.exit(0);
  }
  void answer(request);
}

// Lines end where the protocol says so, and nowhere else.
let left = "";
process.stdin.setEncoding("utf8");
for await (const text of process.stdin) {
  const lines = `${left}${text}`.split("\n");
  left = lines.pop() ?? "";
  lines.forEach(begin);
}
await operations.perform("reset", {});
