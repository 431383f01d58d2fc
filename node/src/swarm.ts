/** A node's place in its swarm. */

import { called, checked, options as asJson, text, unaborted } from "./failure.js";
import type { WaitOptions } from "./failure.js";
import type { NativeChanges, NativePort, NativeSwarm, NativeWaiting } from "./native.js";
import type { Hold } from "./port.js";
import { Taking } from "./taking.js";
import type { Member, Peer, Pending, SwarmStatus } from "./types.js";

/** What a device is granted beside its rights. */
export interface Grant {
  /** What it is called; otherwise what it calls itself. */
  readonly name?: string | undefined;
  /** What the operator says about it. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** What an invite is good for. */
export interface InviteOptions extends Grant {
  /** How many devices may use it; one unless given. */
  readonly uses?: number | undefined;
  /** For how long, in milliseconds; 24 hours unless given. */
  readonly validMs?: number | undefined;
}

/** How long is waited for other devices. */
export interface TimedWaitOptions extends WaitOptions {
  /** Milliseconds; without it, until the node is closed. */
  readonly timeoutMs?: number | undefined;
}

/** A swarm that was just founded. Neither logs nor `JSON.stringify` show its root key. */
export class Founded {
  /** The swarm. */
  readonly swarm: string;
  readonly #rootKey: string;

  /** @internal */
  constructor(swarm: string, rootKey: string) {
    this.swarm = swarm;
    this.#rootKey = rootKey;
  }

  /**
   * The root key, a line of text. It is given out this once and kept nowhere: who has it can make
   * issuers, so print it and put it into a safe.
   */
  get rootKey(): string {
    return this.#rootKey;
  }
}

/**
 * The status now, and then the newest whenever it has changed; who is slow misses what was in
 * between.
 *
 * Leaving the loop, or dropping the object, ends the stream; closing the node ends it with
 * `ClosedError`.
 */
export class Changes extends Taking<SwarmStatus> {
  readonly #native: NativeChanges;

  /** @internal */
  constructor(native: NativeChanges, hold: Hold, signal: AbortSignal | undefined) {
    super("swarm.changes", native, hold, signal);
    this.#native = native;
  }

  /** @internal */
  protected override taken(): SwarmStatus | undefined {
    const taken = called("swarm.changes", () => this.#native.take());
    return taken === null ? undefined : statusOf(taken);
  }
}

/**
 * A node's place in its swarm: founding one, joining one, and how far everybody is.
 *
 * Calls that change who is a member are done when that is durable. Calls that wait for other
 * devices take `timeoutMs`, after which they reject with `TimeoutError`, and a `signal`, which ends
 * the wait while the node goes on trying.
 */
export class Swarm {
  readonly #native: NativeSwarm;
  readonly #hold: Hold;

  /** @internal */
  constructor(native: NativeSwarm, hold: Hold) {
    this.#native = native;
    this.#hold = hold;
  }

  /** The swarm that this node is in, or wants to join. */
  get id(): string | null {
    return called("swarm.id", () => this.#native.id);
  }

  /**
   * Founds a swarm with this node, called `device`, as its first member and issuer. Its events
   * stay; from here on it uses the network.
   *
   * Rejects with `AlreadyExistsError` if the node is in a swarm, `NetworkError` if the network
   * cannot be used.
   */
  async create(name: string, device: string): Promise<Founded> {
    const operation = "swarm.create";
    const names = [text(operation, "name", name), text(operation, "device", device)] as const;
    const founded = await this.#hold.call<[string, string]>(operation, (port) =>
      this.#native.create(port, ...names),
    );
    return new Founded(...founded);
  }

  /**
   * Makes this node an issuer, with the root key that `create` returned.
   *
   * Rejects with `PermissionDeniedError` if the key is one of another swarm.
   */
  async becomeIssuer(rootKey: string): Promise<void> {
    const operation = "swarm.become_issuer";
    const key = text(operation, "rootKey", rootKey);
    await this.#hold.call(operation, (port) => this.#native.becomeIssuer(port, key));
  }

  /**
   * Makes an invite: one line of text that lets a device in, with addresses of this node.
   *
   * `capabilities`: what the device may do, `rw:*` unless given, like `rw:sensors*,r:*`.
   *
   * Rejects with `PermissionDeniedError` if this node is no issuer, `UnavailableError` if it is in
   * no swarm.
   */
  async invite(capabilities?: string, options: InviteOptions = {}): Promise<string> {
    const operation = "swarm.invite";
    const terms = termsOf(operation, capabilities, options);
    return this.#hold.call(operation, (port) => this.#native.invite(port, terms));
  }

  /** Takes an invite back: nobody else is let in by it. Says whether it was still good. */
  async withdraw(invite: string): Promise<boolean> {
    const operation = "swarm.withdraw";
    const line = text(operation, "invite", invite);
    return this.#hold.call(operation, (port) => this.#native.withdraw(port, line));
  }

  /**
   * Joins a swarm by an invite, as `name`. Events that were published alone come along.
   *
   * Rejects with `InvalidArgumentError` for an invite that cannot be read, is used up or too old;
   * `AlreadyExistsError` if the node is in a swarm; `TimeoutError` if the issuer was not reached.
   */
  async join(invite: string, name: string, options: TimedWaitOptions = {}): Promise<void> {
    const operation = "swarm.join";
    const texts = [text(operation, "invite", invite), text(operation, "name", name)] as const;
    await this.#wait(operation, options, (port, wait) =>
      this.#native.join(port, ...texts, wait),
    );
  }

  /**
   * Asks the issuer at `address` to let this node in, without an invite.
   *
   * Gives six digits, which a person compares with those that the issuer shows (`pending`) and then
   * approves; `waitJoined` waits for that. Rejects with `AlreadyExistsError` if it was let in
   * without a comparison.
   */
  async ask(address: string, name: string, options: TimedWaitOptions = {}): Promise<string> {
    const operation = "swarm.ask";
    const texts = [text(operation, "address", address), text(operation, "name", name)] as const;
    return this.#wait(operation, options, (port, wait) =>
      this.#native.ask(port, ...texts, wait),
    );
  }

  /** Waits until this node was let in. Rejects with `PermissionDeniedError` if a person said no. */
  async waitJoined(options: TimedWaitOptions = {}): Promise<void> {
    await this.#wait("swarm.wait_joined", options, (port, wait) =>
      this.#native.waitJoined(port, wait),
    );
  }

  /** The devices that wait for approval by this issuer. */
  async pending(): Promise<Pending[]> {
    type Told = Pending & { since: number };
    const devices = await this.#hold.call<Told[]>("swarm.pending", (port) =>
      this.#native.pending(port),
    );
    return devices.map((device) => ({ ...device, since: timeOf(device.since) }));
  }

  /**
   * Lets a waiting device in, with what `invite` gives. It learns of that within seconds.
   *
   * Rejects with `InvalidArgumentError` if it does not wait.
   */
  async approve(device: string, capabilities?: string, options: Grant = {}): Promise<void> {
    const operation = "swarm.approve";
    const id = text(operation, "device", device);
    const terms = termsOf(operation, capabilities, options);
    await this.#hold.call(operation, (port) => this.#native.approve(port, id, terms));
  }

  /** Sends a waiting device away. */
  async reject(device: string): Promise<void> {
    const operation = "swarm.reject";
    const id = text(operation, "device", device);
    await this.#hold.call(operation, (port) => this.#native.reject(port, id));
  }

  /** Lets a device in whose identity is known beforehand, when it asks. */
  async preauthorise(
    device: string,
    capabilities?: string,
    options: Grant & Pick<InviteOptions, "validMs"> = {},
  ): Promise<void> {
    const operation = "swarm.preauthorise";
    const id = text(operation, "device", device);
    const terms = termsOf(operation, capabilities, options);
    await this.#hold.call(operation, (port) => this.#native.preauthorise(port, id, terms));
  }

  /** All devices of the swarm that this node knows, by identity. */
  async members(): Promise<Member[]> {
    type Told = Member & { notAfter: number };
    const devices = await this.#hold.call<Told[]>("swarm.members", (port) =>
      this.#native.members(port),
    );
    return devices.map((device) => ({ ...device, notAfter: timeOf(device.notAfter) }));
  }

  /**
   * Puts a device out, for good: its sessions close at once, and of its events every node keeps
   * what this one has now.
   */
  async revoke(device: string, reason: string): Promise<void> {
    const operation = "swarm.revoke";
    const texts = [text(operation, "device", device), text(operation, "reason", reason)] as const;
    await this.#hold.call(operation, (port) => this.#native.revoke(port, ...texts));
  }

  /**
   * Renews the certificate of a device: what it may do stays, its time begins anew.
   *
   * Issuers do that by themselves when less than a quarter of the time is left, so this is for a
   * device that was away until long after.
   */
  async renew(device: string): Promise<void> {
    const operation = "swarm.renew";
    const id = text(operation, "device", device);
    await this.#hold.call(operation, (port) => this.#native.renew(port, id));
  }

  /** How this node stands in the swarm now. */
  status(): SwarmStatus {
    return statusOf(called("swarm.status", () => this.#native.status()));
  }

  /** The connected devices. */
  peers(): readonly Peer[] {
    return this.status().peers;
  }

  /** The status now, and then whenever it has changed. */
  changes(options: WaitOptions = {}): Changes {
    const { signal } = checked("swarm.changes", options);
    const native = called("swarm.changes", () => this.#native.changes());
    return new Changes(native, this.#hold.inherit(), signal);
  }

  /**
   * Waits until some peer is connected and all connected peers have the same events as this node,
   * those that it had at the time of the call in any case.
   */
  async waitInSync(options: TimedWaitOptions = {}): Promise<void> {
    await this.#wait("swarm.wait_in_sync", options, (port, wait) =>
      this.#native.waitInSync(port, wait),
    );
  }

  /** To be called when the device has changed networks: everything is dialled anew at once. */
  networkChanged(): void {
    called("swarm.network_changed", () => {
      this.#native.networkChanged();
    });
  }

  async #wait<T>(
    operation: string,
    options: TimedWaitOptions,
    start: (port: NativePort, wait: string) => NativeWaiting,
  ): Promise<T> {
    const { signal, ...limits } = unaborted(operation, options);
    const json = asJson(operation, limits);
    return this.#hold.wait(operation, (port) => start(port, json), signal);
  }
}

/** What a device is let in with, as JSON. */
function termsOf(operation: string, capabilities: string | undefined, options: Grant): string {
  const given = checked(operation, options);
  if (capabilities === undefined) {
    return asJson(operation, given);
  }
  return asJson(operation, {
    capabilities: text(operation, "capabilities", capabilities),
    ...given,
  });
}

function statusOf(json: string): SwarmStatus {
  const status = JSON.parse(json) as SwarmStatus & { toReplicate: [string, number][] };
  const { peers } = status;
  return {
    ...status,
    toReplicate: Object.fromEntries(status.toReplicate),
    isInSync: peers.length > 0 && peers.every((peer) => peer.isInSync),
  };
}

/** The time of a timestamp in seconds; the last one that there is for what comes after it. */
function timeOf(seconds: number): Date {
  const LAST_MS = 8.64e15;
  return new Date(Math.min(seconds * 1000, LAST_MS));
}
