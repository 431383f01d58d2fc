/** What nodes say about themselves, passed on to whatever the program logs with. */

import { called } from "./failure.js";
import { native } from "./native.js";
import { dispatcher } from "./port.js";

/** How bad it is; `error` is worst. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/** One record. */
export interface LogRecord {
  readonly level: LogLevel;
  /** The module that said it. */
  readonly target: string;
  /** What it said, with its values, in one line. */
  readonly message: string;
}

/**
 * Passes records from a level on, `info` unless given, to the listener: those of all nodes of the
 * process, also of other workers. One listener gets them, the one that was given last.
 *
 * A listener must not throw: nobody is there to catch it.
 */
export function forwardLogs(
  listener: (record: LogRecord) => void,
  options: { readonly level?: LogLevel | undefined } = {},
): void {
  const port = dispatcher();
  port.onDiagnostics(() => {
    const rows = JSON.parse(native.takeDiagnostics()) as [LogLevel, string, string][];
    for (const [level, target, message] of rows) {
      listener({ level, target, message });
    }
  });
  const level = options.level ?? "info";
  called("forward_logs", () => {
    native.startDiagnostics(port.native, level);
  });
}
