/** The same for `import`: one implementation, so that classes are the same for everybody. */

export * from "./index.js";
