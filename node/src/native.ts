/** The native half, and how it is found. Not public; what `index` exports is. */

import { existsSync } from "node:fs";
import { join } from "node:path";

export interface NativePort {
  drain(): string;
  opened(token: number): NativeNode;
}

/** What streams have in common. */
export interface NativeWatched {
  look(): boolean | null;
  watch(port: NativePort): number;
  cancel(): void;
}

export interface NativeStream extends NativeWatched {
  take(max: number): string;
  showAll(): void;
  offsets(handedOut: number): string;
  skipped(): string;
}

export interface NativeChanges extends NativeWatched {
  take(): string | null;
}

export interface NativeWaiting {
  readonly token: number;
  cancel(): void;
}

export interface NativeNode {
  readonly id: string;
  readonly appId: string;
  scoped(appId: string): NativeNode;
  publish(port: NativePort, events: Uint8Array): number;
  query(aql: string, options: string, parameters: Uint8Array | null): NativeStream;
  subscribe(aql: string, options: string, parameters: Uint8Array | null): NativeStream;
  explain(
    port: NativePort,
    aql: string,
    options: string,
    parameters: Uint8Array | null,
  ): number;
  offsets(): string;
  streams(): string;
  swarm(): NativeSwarm;
  blobs(): NativeBlobs;
  metrics(): string;
  close(port: NativePort): number;
}

export interface NativeSwarm {
  readonly id: string | null;
  create(port: NativePort, name: string, device: string): number;
  becomeIssuer(port: NativePort, rootKey: string): number;
  invite(port: NativePort, terms: string): number;
  withdraw(port: NativePort, invite: string): number;
  join(port: NativePort, invite: string, name: string, wait: string): NativeWaiting;
  ask(port: NativePort, address: string, name: string, wait: string): NativeWaiting;
  waitJoined(port: NativePort, wait: string): NativeWaiting;
  waitInSync(port: NativePort, wait: string): NativeWaiting;
  pending(port: NativePort): number;
  approve(port: NativePort, device: string, terms: string): number;
  reject(port: NativePort, device: string): number;
  preauthorise(port: NativePort, device: string, terms: string): number;
  members(port: NativePort): number;
  revoke(port: NativePort, device: string, reason: string): number;
  renew(port: NativePort, device: string): number;
  status(): string;
  changes(): NativeChanges;
  networkChanged(): void;
}

export interface NativeBlobs {
  writer(port: NativePort, options: string): NativeBlobWriter;
  putFile(port: NativePort, path: string, options: string): NativeWaiting;
  putFolder(port: NativePort, path: string, options: string): NativeWaiting;
  collection(port: NativePort, id: string): NativeWaiting;
  saveFolder(port: NativePort, id: string, path: string): NativeWaiting;
  get(id: string, range: string): NativeBlobReader;
  state(port: NativePort, id: string): number;
  watch(id: string): NativeBlobStream;
  list(): NativeBlobStream;
  changes(): NativeBlobStream;
  stat(port: NativePort, id: string): number;
  usage(port: NativePort): number;
  delete(port: NativePort, id: string): number;
  pin(port: NativePort, id: string): number;
  unpin(port: NativePort, id: string): number;
  pinned(port: NativePort): number;
}

export interface NativeBlobWriter {
  readonly token: number;
  write(chunk: Uint8Array): boolean;
  flush(port: NativePort): number;
  finish(port: NativePort): number;
  cancel(): void;
}

export interface NativeBlobReader extends NativeWatched {
  readonly id: string;
  take(): Uint8Array | null;
  read(port: NativePort, bound: string): NativeReading;
  save(port: NativePort, path: string): NativeWaiting;
  finish(): void;
  progress(port: NativePort): number;
}

export interface NativeBlobStream extends NativeWatched {
  take(max: number): string;
}

export interface NativeReading {
  readonly token: number;
  take(): Uint8Array | null;
  cancel(): void;
}

export interface Native {
  readonly Port: new (wake: () => void) => NativePort;
  version(): string;
  open(port: NativePort, path: string, options: string): number;
  qrSvg(text: string): string;
  qrTerminal(text: string): string;
  startDiagnostics(port: NativePort, level: string): void;
  takeDiagnostics(): string;
}

interface Manifest {
  readonly version: string;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** The packages that bring the native half for a platform; on Linux one for each C library. */
export function packagesFor(platform: string, arch: string): string[] {
  const name = `@swarmlet/node-${platform}-${arch}`;
  return platform === "linux" ? [`${name}-gnu`, `${name}-musl`] : [name];
}

/**
 * Loads the native half: one that was built beside this file, or the package of the platform. Says
 * which platform this is, which package it needs, and what is wrong with it.
 */
export function load(
  platform: string,
  arch: string,
  manifest: Manifest,
  bring: (name: string) => unknown,
): Native {
  const reasons: string[] = [];
  const known = Object.keys(manifest.optionalDependencies);
  const packages = packagesFor(platform, arch).filter((name) => known.includes(name));
  for (const name of packages) {
    try {
      return checked(bring(name) as Native, manifest.version);
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const remedy =
    packages.length === 0
      ? `there is no package for it; there are ${known.join(", ")}`
      : `it needs the package ${packages.join(" or ")}, an optional dependency of swarmlet: ` +
        "install again, and not with --omit=optional or with a node_modules of another machine";
  const lines = [`swarmlet cannot be loaded on ${platform} ${arch}: ${remedy}`, ...reasons];
  throw new Error(lines.join("\n  "));
}

function checked(loaded: Native, version: string): Native {
  if (loaded.version() !== version) {
    throw new Error(`it is version ${loaded.version()}, but swarmlet is ${version}`);
  }
  return loaded;
}

function found(): Native {
  const manifest = require("../package.json") as Manifest;
  const built = join(__dirname, "swarmlet.node");
  if (existsSync(built)) {
    return checked(require(built) as Native, manifest.version);
  }
  return load(process.platform, process.arch, manifest, require);
}

export const native: Native = found();
