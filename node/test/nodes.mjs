/** The verbs of the tests: folders that go away, nodes that know nobody, waits with a deadline. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Node } from "swarmlet";

/** Long enough for a machine that is busy with other things. */
export const SOON_MS = 30_000;

/** A folder that a node may make; it goes away with the test. */
export function folder(test) {
  const made = mkdtempSync(join(tmpdir(), "swarmlet-"));
  test.after(() => rmSync(made, { recursive: true, force: true }));
  return join(made, "node");
}

/** A node that is closed with the test. */
export async function opened(test, options = {}) {
  const node = await Node.open(folder(test), { durability: "buffered", ...options });
  test.after(() => node.close());
  return node;
}

/** Loopback, and nobody but who is named, or whom those name. */
export function quiet(peers = []) {
  return { listen: ["tcp://127.0.0.1:0"], peers, discovery: false };
}

export async function founder(test) {
  const node = await opened(test, { network: quiet() });
  await node.swarm.create("plant", "first");
  return node;
}

export async function joiner(test, issuer, name = "other", rights = undefined) {
  const node = await opened(test, { network: quiet() });
  const invite = await issuer.swarm.invite(rights);
  await node.swarm.join(invite, name, { timeoutMs: SOON_MS });
  return node;
}

/** The payloads of the first so many rows. */
export async function payloads(stream, count) {
  const seen = [];
  while (seen.length < count) {
    const { done, value } = await stream.next({ signal: AbortSignal.timeout(SOON_MS) });
    if (done) {
      break;
    }
    seen.push(value.payload);
  }
  return seen;
}

/** Looks again until it holds. */
export async function until(holds) {
  const deadline = Date.now() + SOON_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) {
      throw new Error(`not within ${SOON_MS} ms: ${holds}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What JavaScript holds that cannot be collected; the tests run with `--expose-gc`. */
export function heapBytes() {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Numbers from 0 on. */
export function numbers(count) {
  return Array.from({ length: count }, (_, index) => index);
}
