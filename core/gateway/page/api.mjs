/** Calls to the node: with a token, a limit of time, and errors that say what is wrong. */

import { parse } from "./json.mjs";

/** How long an answer may take. A node that is well answers in milliseconds. */
const PATIENCE = 10_000;
/** How long a stream may be silent: the node says something every 15 seconds. */
const SILENCE_MAX = 40_000;
/** Characters of one answer in a stream: a payload of a mebibyte, written as JSON. */
const LINE_MAX = 16 * 1024 * 1024;

/** What the node refuses now, and may answer later: it wants another token, or has no time. */
const PASSING = [401, 408, 425, 429];

/** The tokens of this person: for the page itself, and for the API that every app has. */
export const tokens = { page: "", app: "", renew: async () => {} };

/** What the node answers instead of what it was asked for. */
export class Problem extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the same question is answered the same again. */
  get isFinal() {
    return this.status >= 400 && this.status < 500 && !PASSING.includes(this.status);
  }

  /** Whether it is the link that is not, or no longer, good. */
  get isAboutToken() {
    return this.status === 401 || /^ERR_(TOKEN|MISSING_AUTH)/.test(this.code);
  }
}

/** Asks the page's own API. */
export async function ask(method, path, { body, signal, patience = PATIENCE } = {}) {
  const headers = { Authorization: `Bearer ${tokens.page}`, Accept: "*/*" };
  const isJson = body !== undefined && !(body instanceof Blob);
  if (isJson) headers["Content-Type"] = "application/json";
  const content = isJson ? JSON.stringify(body) : body;
  const limits = [signal, patience ? AbortSignal.timeout(patience) : null].filter(Boolean);
  const request = { method, headers, body: content, signal: AbortSignal.any(limits) };
  return checked(await fetch(`/page/v1/${path}`, { ...request, cache: "no-store" }));
}

/** Asks the page's own API for JSON. */
export async function askJson(method, path, options) {
  return (await ask(method, path, options)).json();
}

/** How far the node is, by stream. */
export async function offsets() {
  const response = await asApp((headers) => {
    const signal = AbortSignal.timeout(PATIENCE);
    return fetch("/api/v2/events/offsets", { headers, signal, cache: "no-store" });
  }, "application/json");
  return (await response.json()).present;
}

/**
 * The answers to a query or subscription, as many at a time as have come; each says as `size` how
 * many characters it had.
 */
export async function* answers(kind, request, signal) {
  const silence = new AbortController();
  const both = AbortSignal.any([signal, silence.signal]);
  const silent = () => silence.abort(new Problem(0, "ERR_SILENT", "the node says nothing"));
  let timer = setTimeout(silent, SILENCE_MAX);
  try {
    const response = await wholly((body) => post(kind, JSON.stringify(body), both), request);
    for await (const lines of linesOf(response.body)) {
      clearTimeout(timer);
      timer = setTimeout(silent, SILENCE_MAX);
      const answer = (line) => ({ ...parse(line), size: line.length });
      if (lines.length > 0) yield lines.map(answer);
    }
  } finally {
    clearTimeout(timer);
  }
}

function post(kind, body, signal) {
  return asApp((headers) => {
    headers["Content-Type"] = "application/json";
    return fetch(`/api/v2/events/${kind}`, { method: "POST", headers, body, signal });
  }, "application/x-ndjson");
}

/**
 * Asks with the whole query language. Parts of it that were once in beta have to be named in a
 * query of an app; people need not, as the node says which they are.
 */
async function wholly(send, request) {
  try {
    return await send(request);
  } catch (problem) {
    const words = /beta features that are not enabled: ([^.]+)/.exec(problem.message)?.[1];
    if (!words) throw problem;
    return send({ ...request, query: `PRAGMA features := ${words}\n${request.query}` });
  }
}

/** Makes a call as an app does. Its token may be over before that of the person. */
async function asApp(call, accept) {
  const attempt = () => call({ Authorization: `Bearer ${tokens.app}`, Accept: accept });
  try {
    return await checked(await attempt());
  } catch (problem) {
    if (!problem.isAboutToken) throw problem;
    await tokens.renew();
    return checked(await attempt());
  }
}

async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      const lines = (rest + (value ?? "\n")).split("\n");
      rest = lines.pop();
      if (rest.length > LINE_MAX) throw new Problem(0, "ERR_TOO_LONG", "an answer is too long");
      yield lines.filter((line) => line.trim());
      if (done) return;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function checked(response) {
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Problem(response.status, said.code ?? "", said.message ?? response.statusText);
}
