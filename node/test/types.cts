/** The same for `require`. */

import swarmlet = require("swarmlet");

export async function used(folder: string): Promise<string> {
  const node: swarmlet.Node = await swarmlet.Node.open(folder);
  await node.close();
  return swarmlet.version;
}
