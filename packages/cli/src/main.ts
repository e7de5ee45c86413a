/** Runs the command line of this process. Imported by bin/agentcore.mjs, or given to Node itself. */
import { text } from "node:stream/consumers";
import { createLineReader } from "./line-reader.ts";
import { runCommandLine } from "./run-command-line.ts";

// One key press can arrive twice: from the terminal and through a parent that forwards it.
const SAME_INTERRUPT_MS = 300;

let signal: AbortSignal | undefined;
/** Until somebody asks, Ctrl-C and SIGTERM end the process as they end any other: also a start that hangs or spins. */
const listenForInterrupts = (): AbortSignal => {
  const interrupt = new AbortController();
  let interruptedAt: number | undefined;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      const now = performance.now();
      interruptedAt ??= now;
      if (now - interruptedAt > SAME_INTERRUPT_MS) process.exit(130);
      interrupt.abort();
    });
  }
  return interrupt.signal;
};
// A reader such as `head` has seen enough: that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const code = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  cwd: process.cwd(),
  readStdin: () => text(process.stdin),
  openLines: process.stdin.isTTY === true ? () => createLineReader(process.stdin, process.stderr) : undefined,
  get signal() {
    return (signal ??= listenForInterrupts());
  },
});
// Idle connections would keep the process for seconds; a pipe must have taken everything first.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
