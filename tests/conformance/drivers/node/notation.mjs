/** Values in the notation of the conformance protocol, and answers of the package in it. */

import { Buffer } from "node:buffer";

import { BrokenError } from "./trouble.mjs";

/**
 * @typedef {import("../../../../node/dist/index.mjs").BlobInfo} BlobInfo
 * @typedef {import("../../../../node/dist/index.mjs").BlobStat} BlobStat
 * @typedef {import("../../../../node/dist/index.mjs").EventKey} EventKey
 * @typedef {import("../../../../node/dist/index.mjs").Explanation} Explanation
 * @typedef {import("../../../../node/dist/index.mjs").Keep} Keep
 * @typedef {import("../../../../node/dist/index.mjs").Member} Member
 * @typedef {import("../../../../node/dist/index.mjs").Metrics} Metrics
 * @typedef {import("../../../../node/dist/index.mjs").Output} Output
 * @typedef {import("../../../../node/dist/index.mjs").Peer} Peer
 * @typedef {import("../../../../node/dist/index.mjs").Pending} Pending
 * @typedef {import("../../../../node/dist/index.mjs").Published} Published
 * @typedef {import("../../../../node/dist/index.mjs").Row} Row
 * @typedef {import("../../../../node/dist/index.mjs").SwarmStatus} SwarmStatus
 */

/**
 * What a request says, which the orchestrator has checked; what the package is to refuse is among
 * it, so it is of any type.
 *
 * @typedef {Readonly<Record<string, any>>} Args
 */

const NO_NUMBERS = new Map([
  ["nan", NaN],
  ["inf", Infinity],
  ["-inf", -Infinity],
]);

/**
 * What the notation says.
 *
 * @param {any} value
 * @returns {any}
 */
export function payload(value) {
  if (Array.isArray(value)) {
    return value.map(payload);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const [first] = Object.entries(value);
  switch (first?.[0]) {
    case "$int":
      return BigInt(first[1]);
    case "$float":
      return NO_NUMBERS.get(first[1]) ?? Number(first[1]);
    case "$bytes":
      return new Uint8Array(Buffer.from(first[1], "hex"));
    case "$map":
      return mapOf(first[1]);
    case "$time":
      return new Date(first[1] / 1000);
    default:
      return values(value, payload);
  }
}

/** @param {readonly [string, any][]} pairs */
function mapOf(pairs) {
  return new Map(pairs.map(([key, item]) => [key, payload(item)]));
}

/**
 * A payload in the notation.
 *
 * @param {unknown} value
 * @returns {unknown}
 */
export function written(value) {
  switch (typeof value) {
    case "number":
      return writtenNumber(value);
    case "bigint":
      return { $int: String(value) };
    case "string":
    case "boolean":
      return value;
    case "object":
      return value === null ? null : writtenObject(value);
    default:
      throw new BrokenError(`a payload of type ${typeof value}`);
  }
}

/** @param {number} value */
function writtenNumber(value) {
  const isInteger = Number.isSafeInteger(value) && !Object.is(value, -0);
  if (isInteger || (Number.isFinite(value) && !Number.isInteger(value))) {
    return value;
  }
  const name = [...NO_NUMBERS].find(([, number]) => Object.is(number, value))?.[0];
  return { $float: name ?? (Object.is(value, -0) ? "-0.0" : String(value)) };
}

/** @param {object} value */
function writtenObject(value) {
  if (Array.isArray(value)) {
    return value.map(written);
  }
  if (value instanceof Uint8Array) {
    return { $bytes: Buffer.from(value).toString("hex") };
  }
  if (value instanceof Map) {
    throw new BrokenError("a payload with keys that are no texts");
  }
  const entries = Object.entries(value);
  return entries.some(([key]) => key.startsWith("$"))
    ? { $map: entries.map(([key, item]) => [key, written(item)]) }
    : values(value, written);
}

/**
 * The same properties with other values.
 *
 * @template T
 * @param {object} object
 * @param {(value: any) => T} change
 * @returns {Record<string, T>}
 */
function values(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, change(item)]));
}

/**
 * The arguments that were given, by the names that the package has for them.
 *
 * @param {Args} args
 * @param {Readonly<Record<string, string>>} names
 * @returns {Record<string, any>}
 */
function renamed(args, names) {
  const there = Object.entries(names).filter(([name]) => name in args);
  return Object.fromEntries(there.map(([name, own]) => [own, args[name]]));
}

/** @param {Args} args */
export function options(args) {
  const names = { app_id: "appId", durability: "durability", cache_bytes: "cacheBytes" };
  const given = renamed(args, names);
  if ("streams" in args) {
    given.streams = values(args.streams, retention);
  }
  if ("routes" in args) {
    given.routes = Object.fromEntries(args.routes);
  }
  if ("network" in args) {
    given.network = renamed(args.network, {
      listen: "listen",
      announce: "announce",
      peers: "peers",
      holds: "holds",
      discovery: "discovery",
      address_exchange: "addressExchange",
      connections_max: "connectionsMax",
    });
  }
  return given;
}

/** @param {Args | null} kept */
function retention(kept) {
  const names = { events_max: "eventsMax", bytes_max: "bytesMax", age_max_ms: "ageMsMax" };
  return kept === null ? null : renamed(kept, names);
}

/** @param {Args} args */
export function putOptions(args) {
  const given = renamed(args, { name: "name", media_type: "mediaType", tags: "tags" });
  if ("hold" in args) {
    given.hold = args.hold === "on_demand" ? "onDemand" : args.hold;
  }
  if ("keep" in args) {
    given.keep = keep(args.keep);
  }
  return given;
}

/** @param {any} given */
function keep(given) {
  if (given === "while_referenced") {
    return "whileReferenced";
  }
  if (given?.until !== undefined) {
    return { until: new Date(given.until / 1000) };
  }
  return given?.until_next === undefined ? given : { untilNext: given.until_next };
}

/** @param {Args} args */
export function byteRange(args) {
  return renamed(args, { start: "start", end: "end" });
}

/** @param {BlobInfo} info */
export function blob(info) {
  return {
    id: info.id,
    size: info.size,
    name: info.name,
    media_type: info.mediaType,
    hold: info.hold === "onDemand" ? "on_demand" : info.hold,
    keep: writtenKeep(info.keep),
    tags: info.tags,
    key: key(info.key),
    timestamp: info.timestamp,
    app_id: info.appId,
    collection: info.collection,
  };
}

/** @param {Keep} keep */
function writtenKeep(keep) {
  if (typeof keep === "string") {
    return keep === "whileReferenced" ? "while_referenced" : keep;
  }
  return "until" in keep ? { until: keep.until.getTime() * 1000 } : { until_next: keep.untilNext };
}

/** @param {BlobStat} value */
export function stat({ state, isPinned, records }) {
  const size = state.type === "absent" ? null : state.size;
  const shown = { kind: state.type, size };
  return { state: shown, is_pinned: isPinned, records: records.map(blob) };
}

/** @param {Args} args */
export function queryOptions(args) {
  const bounds = renamed(args, { lower: "lower", upper: "upper", order: "order" });
  return { ...bounds, ...parameters(args) };
}

/** @param {Args} args */
export function subscribeOptions(args) {
  return { ...renamed(args, { from: "from" }), ...parameters(args) };
}

/** @param {Args} args */
function parameters(args) {
  return "parameters" in args ? { parameters: values(args.parameters, payload) } : {};
}

/** @param {Args} args */
export function terms(args) {
  return renamed(args, { name: "name", labels: "labels", uses: "uses", valid_ms: "validMs" });
}

/** @param {EventKey} value */
function key({ lamport, stream, offset }) {
  return { lamport, stream, offset };
}

/** @param {Published} value */
export function published(value) {
  return { key: key(value.key), timestamp: value.timestamp };
}

/** @param {Row} value */
export function row(value) {
  const shown = { payload: written(value.payload), origin: value.origin };
  switch (value.origin) {
    case "event": {
      const { timestamp, appId, tags } = value;
      return { ...shown, key: key(value.key), timestamp, app_id: appId, tags };
    }
    case "range":
      return {
        ...shown,
        key_range: value.keyRange?.map(key),
        time_range: value.timestampRange,
      };
    default:
      return shown;
  }
}

/** @param {Output} value */
export function output(value) {
  switch (value.type) {
    case "row":
      return { row: row(value.row) };
    case "antiRow":
      return { anti_row: row(value.row) };
    case "diagnostic":
      return { diagnostic: { severity: value.severity, message: value.message } };
    case "caughtUp":
      return { caught_up: value.offsets };
    case "timeTravel":
      return { time_travel: key(value.key) };
  }
}

/** @param {Explanation} value */
export function explanation(value) {
  const { query, selection, order, stages, eventsRead, rows, diagnostics } = value;
  return { query, selection, order, stages, events_read: eventsRead, rows, diagnostics };
}

/** @param {Metrics} value */
export function metrics(value) {
  return {
    events_committed: value.log.eventsCommitted,
    events_stored: value.log.eventsStored,
    publishes: value.publish.count,
    publish_failures: value.publishFailures,
    query_failures: value.queryFailures,
    results_open: value.resultsOpen,
    subscriptions_open: value.subscriptionsOpen,
  };
}

/** @param {Pending} value */
export function pending({ device, name, code, since }) {
  return { device, name, code, since_s: seconds(since) };
}

/** @param {Member} value */
export function member(value) {
  return {
    node: value.node,
    name: value.name,
    capabilities: value.capabilities,
    labels: value.labels,
    is_issuer: value.isIssuer,
    is_revoked: value.isRevoked,
    not_after_s: seconds(value.notAfter),
  };
}

/** @param {SwarmStatus} value */
export function status(value) {
  return {
    listening: value.listening,
    is_in_sync: value.isInSync,
    to_replicate: value.toReplicate,
    refused: value.refused,
    incidents: value.incidents,
    peers: value.peers.map(peer),
  };
}

/** @param {Peer} value */
function peer(value) {
  const { roundTripMs } = value;
  return {
    node: value.node,
    address: value.address,
    is_in_sync: value.isInSync,
    behind: value.behind,
    ahead: value.ahead,
    lag_s: value.lagMs / 1000,
    round_trip: roundTripMs === null ? null : Math.round(roundTripMs * 1000),
  };
}

/** @param {Date} time */
function seconds(time) {
  return Math.floor(time.getTime() / 1000);
}
