/** The version of the package, that of both halves. */

import { native } from "./native.js";

/** The same as in `package.json`. */
export const version: string = native.version();
