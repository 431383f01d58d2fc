/** What is open, and what each operation of the suite does with it. */

import { isDeepStrictEqual } from "node:util";

import { Node, TimeoutError, version } from "../../../../node/dist/index.mjs";
import * as conversions from "./notation.mjs";
import { BrokenError, blamed } from "./trouble.mjs";

/**
 * @typedef {import("./notation.mjs").Args} Args
 * @typedef {import("../../../../node/dist/index.mjs").Changes} Changes
 * @typedef {import("../../../../node/dist/index.mjs").Output} Output
 * @typedef {import("../../../../node/dist/index.mjs").Row} Row
 * @typedef {import("../../../../node/dist/index.mjs").RowStream} RowStream
 * @typedef {import("../../../../node/dist/index.mjs").SwarmStatus} SwarmStatus
 */

/**
 * One thing of a stream, unless the signal gives up the wait before.
 *
 * @template T
 * @typedef {(wait: {signal: AbortSignal}) => Promise<IteratorResult<T, undefined>>} Pull
 */

/** What turns arguments and answers around. */
const notation = blamed(conversions);

/** An open stream, and its outputs once it was asked for them. */
class Reading {
  /** @type {AsyncIterator<Output> | undefined} */
  #outputs;

  /** @param {RowStream} rows */
  constructor(rows) {
    this.rows = rows;
  }

  /** @type {Pull<Row>} */
  nextRow = (wait) => this.rows.next(wait);

  /** @type {Pull<Output>} */
  nextOutput = (wait) => {
    this.#outputs ??= this.rows.outputs()[Symbol.asyncIterator]();
    return this.#waited(this.#outputs, wait);
  };

  /**
   * @param {number} max
   * @returns {Pull<Row[]>}
   */
  nextBatch(max) {
    const batches = this.rows.batches(max)[Symbol.asyncIterator]();
    return (wait) => this.#waited(batches, wait);
  }

  /**
   * Iterators take no signal, so what they would wait for is waited for before.
   *
   * @template T
   * @param {AsyncIterator<T, undefined>} iterator
   * @param {{signal: AbortSignal}} wait
   */
  async #waited(iterator, wait) {
    await this.rows.ready(wait);
    return iterator.next();
  }
}

/** The operations of the suite, on what is open by the names that the suite gives. */
export class Operations {
  /** @type {Map<string, Node>} */
  #nodes = new Map();
  /** @type {Node[]} */
  #replaced = [];
  /** @type {Map<string, Reading>} */
  #streams = new Map();
  /** @type {Map<string, Changes>} */
  #changes = new Map();

  /**
   * @param {string} op
   * @param {Args} args
   * @returns {Promise<unknown>}
   */
  async perform(op, args) {
    const operation = this.#operations[op];
    if (operation === undefined) {
      throw new BrokenError(`there is no operation ${op}`);
    }
    return operation(args);
  }

  /** @type {Readonly<Record<string, (args: Args) => unknown>>} */
  #operations = {
    hello: () => ({ protocol: 1, language: "node", version, merges: ["whole_floats"] }),
    reset: () => this.#reset(),

    open: async (args) => {
      const node = await Node.open(args.folder, notation.options(args));
      return this.#keepNode(args.as, node);
    },
    info: (args) => about(this.#node(args)),
    scoped: (args) => this.#keepNode(args.as, this.#node(args).scoped(args.app_id)),
    close: (args) => this.#node(args).close(),
    publish: async (args) => {
      const payload = "payload" in args ? [notation.payload(args.payload)] : [];
      return notation.published(await this.#node(args).publish(args.tags, ...payload));
    },
    publish_many: async (args) => {
      return (await this.#node(args).publishMany(events(args))).map(notation.published);
    },
    query: async (args) => (await this.#results(args).toArray()).map(notation.row),
    query_outputs: async (args) => {
      const outputs = [];
      for await (const output of this.#results(args).outputs()) {
        outputs.push(notation.output(output));
      }
      return outputs;
    },
    query_open: (args) => {
      this.#streams.set(args.as, new Reading(this.#results(args)));
    },
    explain: async (args) => {
      const options = notation.queryOptions(args);
      return notation.explanation(await this.#node(args).explain(args.aql, options));
    },
    subscribe: (args) => {
      this.#streams.set(args.as, new Reading(this.#subscribed(args)));
    },
    wait_for: async (args) => {
      const signal = AbortSignal.timeout(args.timeout_ms);
      const options = { ...notation.subscribeOptions(args), signal };
      const row = await this.#node(args).waitFor(args.aql, condition(args), options);
      return notation.row(row);
    },
    offsets: async (args) => {
      const { present, toReplicate } = await this.#node(args).offsets();
      return { present, to_replicate: toReplicate };
    },
    streams: (args) => this.#node(args).streams(),
    metrics: (args) => notation.metrics(this.#node(args).metrics()),

    next: async (args) => {
      const { found, is_ended } = await several(this.#stream(args).nextRow, args);
      return { rows: found.map(notation.row), is_ended };
    },
    next_impatient: async (args) => {
      const pull = this.#stream(args).nextRow;
      const { found, is_ended, given_up } = await several(pull, args, args.patience_ms);
      return { rows: found.map(notation.row), is_ended, given_up };
    },
    batch: async (args) => {
      const pull = this.#stream(args).nextBatch(args.max);
      const { found, is_ended } = await several(pull, { ...args, count: 1 });
      return { rows: found.flat().map(notation.row), is_ended };
    },
    outputs: async (args) => {
      const { found, is_ended } = await several(this.#stream(args).nextOutput, args);
      return { outputs: found.map(notation.output), is_ended };
    },
    position: (args) => {
      const { offsets, skipped } = this.#stream(args).rows;
      return { offsets, skipped };
    },
    cancel: (args) => {
      this.#stream(args).rows.cancel();
    },

    "blobs.put": async (args) => {
      const content = notation.payload(args.content);
      const stored = await this.#node(args).blobs.put(content, notation.putOptions(args));
      return notation.blob(stored);
    },
    "blobs.get": async (args) => {
      const range = notation.byteRange(args);
      const reader = this.#node(args).blobs.get(args.id, range);
      const signal = AbortSignal.timeout(args.timeout_ms);
      return notation.written(await reader.read(undefined, { signal }));
    },
    "blobs.stat": async (args) => notation.stat(await this.#node(args).blobs.stat(args.id)),
    "blobs.list": async (args) => {
      const blobs = [];
      for await (const info of this.#node(args).blobs.list()) {
        blobs.push(notation.blob(info));
      }
      return blobs;
    },
    "blobs.delete": (args) => this.#node(args).blobs.delete(args.id),

    "swarm.id": (args) => this.#swarm(args).id,
    "swarm.create": async (args) => {
      const { swarm, rootKey } = await this.#swarm(args).create(args.name, args.device);
      return { swarm, root_key: rootKey };
    },
    "swarm.become_issuer": (args) => this.#swarm(args).becomeIssuer(args.root_key),
    "swarm.invite": (args) => this.#swarm(args).invite(args.capabilities, notation.terms(args)),
    "swarm.withdraw": (args) => this.#swarm(args).withdraw(args.invite),
    "swarm.join": (args) => this.#swarm(args).join(args.invite, args.name, limit(args)),
    "swarm.ask": (args) => this.#swarm(args).ask(args.address, args.name, limit(args)),
    "swarm.wait_joined": (args) => this.#swarm(args).waitJoined(limit(args)),
    "swarm.wait_in_sync": (args) => this.#swarm(args).waitInSync(limit(args)),
    "swarm.pending": async (args) => (await this.#swarm(args).pending()).map(notation.pending),
    "swarm.approve": (args) => {
      const terms = notation.terms(args);
      return this.#swarm(args).approve(args.device, args.capabilities, terms);
    },
    "swarm.reject": (args) => this.#swarm(args).reject(args.device),
    "swarm.preauthorise": (args) => {
      const terms = notation.terms(args);
      return this.#swarm(args).preauthorise(args.device, args.capabilities, terms);
    },
    "swarm.members": async (args) => (await this.#swarm(args).members()).map(notation.member),
    "swarm.revoke": (args) => this.#swarm(args).revoke(args.device, args.reason),
    "swarm.renew": (args) => this.#swarm(args).renew(args.device),
    "swarm.status": (args) => notation.status(this.#swarm(args).status()),
    "swarm.network_changed": (args) => {
      this.#swarm(args).networkChanged();
    },
    "swarm.changes": (args) => {
      this.#changes.set(args.as, this.#swarm(args).changes());
    },
    next_change: async (args) => {
      const changes = named(this.#changes, args.changes);
      const pull = /** @type {Pull<SwarmStatus>} */ ((wait) => changes.next(wait));
      const { found, is_ended } = await several(pull, { ...args, count: 1 });
      const [status] = found.map(notation.status);
      return { status: status ?? null, is_ended };
    },
    cancel_changes: (args) => {
      named(this.#changes, args.changes).cancel();
    },
  };

  /** Closes everything and forgets it; what closing fails with was a matter of the scenario. */
  async #reset() {
    for (const { rows } of this.#streams.values()) {
      rows.cancel();
    }
    for (const changes of this.#changes.values()) {
      changes.cancel();
    }
    const nodes = [...this.#replaced, ...this.#nodes.values()];
    await Promise.allSettled(nodes.map((node) => node.close()));
    this.#nodes.clear();
    this.#replaced = [];
    this.#streams.clear();
    this.#changes.clear();
  }

  /**
   * @param {string} name
   * @param {Node} node
   */
  #keepNode(name, node) {
    const before = this.#nodes.get(name);
    if (before !== undefined) {
      this.#replaced.push(before);
    }
    this.#nodes.set(name, node);
    return about(node);
  }

  /** @param {Args} args */
  #node(args) {
    return named(this.#nodes, args.node);
  }

  /** @param {Args} args */
  #swarm(args) {
    return this.#node(args).swarm;
  }

  /** @param {Args} args */
  #stream(args) {
    return named(this.#streams, args.stream);
  }

  /** @param {Args} args */
  #results(args) {
    return this.#node(args).query(args.aql, notation.queryOptions(args));
  }

  /** @param {Args} args */
  #subscribed(args) {
    const node = this.#node(args);
    const options = notation.subscribeOptions(args);
    switch (args.follow ?? "all") {
      case "all":
        return node.subscribe(args.aql, options);
      case "monotonic":
        return node.subscribeMonotonic(args.aql, options);
      case "latest":
        return node.observeLatest(args.aql, options);
      case "earliest":
        return node.observeEarliest(args.aql, options);
      default:
        throw new BrokenError(`nothing follows ${args.follow}`);
    }
  }
}

/** @param {Node} node */
function about(node) {
  return { id: node.id, app_id: node.appId };
}

/**
 * @template T
 * @param {ReadonlyMap<string, T>} open
 * @param {string} name
 */
function named(open, name) {
  const found = open.get(name);
  if (found === undefined) {
    throw new BrokenError(`nothing is open as ${name}`);
  }
  return found;
}

/**
 * Tags and payloads as they are given, whatever they are: it is the package that refuses.
 *
 * @param {Args} args
 */
function events(args) {
  return Array.isArray(args.events) ? args.events.map(event) : args.events;
}

/** @param {any} given */
function event(given) {
  if (!Array.isArray(given)) {
    return given;
  }
  const [tags, ...payloads] = given;
  return [tags, ...payloads.map(notation.payload)];
}

/** @param {Args} args */
function condition(args) {
  if (!("equals" in args)) {
    return undefined;
  }
  const wanted = notation.payload(args.equals);
  return (/** @type {Row} */ row) => isDeepStrictEqual(row.payload, wanted);
}

/** @param {Args} args */
function limit(args) {
  return { timeoutMs: args.timeout_ms };
}

/**
 * Up to so many, until the time is over; each single wait is given up after the patience.
 *
 * @template T
 * @param {Pull<T>} pull
 * @param {Args} args
 */
async function several(pull, args, patience_ms = Infinity) {
  const deadline = performance.now() + args.timeout_ms;
  /** @type {T[]} */
  const found = [];
  let given_up = 0;
  while (found.length < args.count) {
    const left = Math.max(deadline - performance.now(), 0);
    const signal = AbortSignal.timeout(Math.ceil(Math.min(left, patience_ms)));
    try {
      const result = await pull({ signal });
      if (result.done === true) {
        return { found, is_ended: true, given_up };
      }
      found.push(result.value);
    } catch (error) {
      if (!(error instanceof TimeoutError)) {
        throw error;
      }
      given_up += 1;
      // Only an impatient wait is begun anew: one that ends early is not covered up.
      if (patience_ms === Infinity || performance.now() >= deadline) {
        break;
      }
    }
  }
  return { found, is_ended: false, given_up };
}
