/**
 * Nodes for the predecessor's clients, in folders of their own, two of them in one swarm, on ports
 * that stay theirs when they start again.
 */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Actyx } from "@actyx/sdk";

import { SwarmletNode, until } from "../swarmlet-node.mjs";

/** One node, and where apps find it. */
export class Node extends SwarmletNode {
  port;

  /** Starts it; done when apps can find it. */
  async start() {
    await this.#keepPort(Number(new URL(await super.start()).port));
  }

  /** From the next start on apps find it there. */
  async listenAt(port) {
    await this.set("gateway.listen", [`127.0.0.1:${port}`]);
  }

  /** Apps look for it where it was. */
  async #keepPort(port) {
    if (this.port !== port) {
      this.port = port;
      await this.listenAt(port);
    }
  }

  /** An app on this node, through the SDK. */
  async app(name = "com.example.clients", options = {}) {
    return Actyx.of(manifest(name), { ...this.place, ...options });
  }

  /** Where clients are told to look. */
  get place() {
    return { actyxHost: "127.0.0.1", actyxPort: this.port };
  }

  /** An address of the API. */
  url(path) {
    return `http://127.0.0.1:${this.port}/api/v2/${path}`;
  }
}

/** Some nodes of one swarm, all of them running. */
export class Swarm {
  #folder = mkdtempSync(join(tmpdir(), "swarmlet-clients-"));
  #apps = [];
  nodes = [];

  static async of(count) {
    const swarm = new Swarm();
    for (let number = 0; number < count; number += 1) {
      await swarm.#add(number);
    }
    return swarm;
  }

  async #add(number) {
    const node = new Node(join(this.#folder, `node-${number}`));
    this.nodes.push(node);
    await node.set("gateway.enabled", true);
    await node.set("gateway.listen", ["127.0.0.1:0"]);
    // Nodes that start again are looked for where they were.
    await node.set("network.listen", [`127.0.0.1:${await freePort()}`]);
    await node.set("network.discovery", false);
    if (number === 0) {
      await node.command("swarm", "create", "clients", "--device", "node-0");
    }
    await node.start();
    if (number > 0) {
      const [{ invite }] = await this.nodes[0].command("swarm", "invite");
      await node.command("swarm", "join", invite, "--device", `node-${number}`);
    }
  }

  /** Has each of two nodes do something while the other is away. They are together afterwards. */
  async apart(onFirst, onSecond) {
    const [first, second] = this.nodes;
    await second.stop();
    await onFirst();
    await first.stop();
    await second.start();
    await onSecond();
    await first.start();
  }

  /** An app on each node, until the swarm is closed. */
  async apps() {
    const apps = await Promise.all(this.nodes.map((node) => node.app()));
    this.#apps.push(...apps);
    return apps;
  }

  async close() {
    this.#apps.forEach((app) => app.dispose());
    await Promise.all(this.nodes.map((node) => node.stop()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Who an app says that it is. */
export function manifest(appId = "com.example.clients") {
  return { appId, displayName: "Clients", version: "1.0.0" };
}

/** A port that nobody listens on now. */
async function freePort() {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

let names = 0;

/** A name that no other test uses. */
export function fresh(name) {
  names += 1;
  return `${name}-${process.pid}-${names}`;
}

/** Waits until a node has what another one has. */
export async function inSync(from, to) {
  const { present } = await from.offsets();
  await until("events of the other node", async () => {
    const here = (await to.offsets()).present;
    return Object.entries(present).every(([stream, offset]) => (here[stream] ?? -1) >= offset);
  });
}
