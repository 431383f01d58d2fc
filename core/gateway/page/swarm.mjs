/** What a state means: how this device stands, and each of the others. Nothing is shown here. */

import { nameOf } from "./names.mjs";

/** How the swarm is in a word, and the key and values of the sentence that says it. */
export function headline(state) {
  const others = othersCount(state);
  const connected = state.peers.length;
  const values = { connected, others, behind: state.behind, ahead: state.ahead };
  const says = (kind, count) => ({ kind, key: `headline.${kind}`, values: { ...values, count } });
  if (!state.swarm) return says("outside", 0);
  if (connected === 0) return others === 0 ? says("only", 0) : says("alone", others);
  if (state.behind > 0) return says("behind", state.behind);
  if (state.ahead > 0) return says("ahead", state.ahead);
  return state.isInSync ? says("sync", others) : says("comparing", connected);
}

/** How many other devices are in the swarm, also where the state does not tell of all of them. */
function othersCount({ members, memberCount }) {
  const told = members.filter((member) => !member.isOwn && !member.isRevoked).length;
  // Those that were put out are told of last: if there is one, all others are before it.
  const isWhole = members.some((member) => member.isRevoked);
  return isWhole ? told : told + memberCount - members.length;
}

/** The other devices of the swarm: connected ones first, then by name. */
export function others(state) {
  const peers = new Map(state.peers.map((peer) => [peer.node, peer]));
  const members = state.members.filter((member) => !member.isOwn);
  const known = new Set(members.map((member) => member.node));
  const strangers = state.peers.filter((peer) => !known.has(peer.node));
  const all = [...members, ...strangers].map((device) => {
    const peer = device.isRevoked ? null : peers.get(device.node) ?? null;
    return { ...device, peer, standing: standing(device, peer) };
  });
  const rank = (device) => (device.isRevoked ? 2 : device.peer ? 0 : 1);
  return all.sort((a, b) => rank(a) - rank(b) || nameOf(a).localeCompare(nameOf(b)));
}

/** The member that this device is. */
export function own(state) {
  return state.members.find((member) => member.isOwn) ?? null;
}

function standing(device, peer) {
  if (device.isRevoked) return "revoked";
  if (!peer) return "away";
  if (peer.behind > 0) return "behind";
  return peer.ahead > 0 ? "ahead" : "sync";
}
