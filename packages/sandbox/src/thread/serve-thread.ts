import { parentPort } from "node:worker_threads";
import { PlatformError } from "@agentcore/contract/errors";
import type { ThreadAnswer, ThreadFailure, ThreadRequest } from "./messages.ts";

/** What a thread's file calls: answers one request at a time, with what can be cloned. A failure keeps its message, and the code of a PlatformError. */
export const serveThread = (answer: (value: unknown) => unknown): void => {
  const port = parentPort;
  if (port === null) throw new PlatformError("INTERNAL", "serveThread is for the file of a thread");
  const send = (message: ThreadAnswer): void => port.postMessage(message);
  port.on("message", ({ id, value }: ThreadRequest) => {
    void (async () => {
      try {
        send({ id, value: await answer(value) });
      } catch (error) {
        send({ id, failure: failureOf(error) });
      }
    })();
  });
};

const failureOf = (error: unknown): ThreadFailure => {
  const message = error instanceof Error ? error.message : String(error);
  return PlatformError.is(error) ? { code: error.code, message } : { message };
};
