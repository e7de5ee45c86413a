import { parentPort, Worker } from "node:worker_threads";
import { PlatformError } from "@agentcore/contract/errors";
import type { Answer, Failure, Request } from "./messages.ts";

/**
 * What the file of a thread or process calls: answers requests with what can be cloned. A failure keeps its message, and the code of a PlatformError.
 */
export const serveCalls = (answer: (value: unknown) => unknown): void => {
  const serve = async ({ id, value }: Request): Promise<Answer> => {
    try {
      return { id, value: await answer(value) };
    } catch (error) {
      return { id, failure: failureOf(error) };
    }
  };
  if (parentPort !== null) {
    const port = parentPort;
    // What a parser prints is nobody's output, and once printed would hold the node until this thread ends.
    for (const stream of [process.stdout, process.stderr]) Object.assign(stream, { write: () => true });
    port.on("message", (request: Request) => void serve(request).then((message) => port.postMessage(message)));
    return;
  }
  process.on("message", (request: Request) => void serve(request).then((message) => process.send?.(message)));
  process.once("disconnect", () => process.exit());
  new Worker(WATCH, { eval: true, workerData: process.ppid }).unref();
};

/** In a thread of its own: a process that is within a query does not hear that its node is gone, and would go on for ever. */
const WATCH = `
const { workerData } = require("node:worker_threads");
setInterval(() => process.ppid === workerData || process.kill(process.pid, "SIGKILL"), 500);
`;

const failureOf = (error: unknown): Failure => {
  const message = error instanceof Error ? error.message : String(error);
  return PlatformError.is(error) ? { code: error.code, message } : { message };
};
