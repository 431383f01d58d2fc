/** What devices are called. */

let names = new Map();

/** Keeps who is called how, for events that come later. */
export function learnNames(state) {
  names = new Map(state.members.map((member) => [member.node, nameOf(member)]));
}

/** What the device is called that a stream or an event is of. */
export function deviceName(node) {
  return names.get(node) ?? shortId(node);
}

/** What a device is called: by its name, else by the beginning of its id. */
export function nameOf(device) {
  return device.name || shortId(device.node);
}

/** The beginning of an id, which is enough to tell devices apart. */
export function shortId(id) {
  return String(id).slice(0, 8);
}
