import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { Settled, ToApart } from "../messages.ts";
import type { Link } from "./link.ts";

/** What a thread is started with. */
export interface ThreadData {
  readonly answers: MessagePort;
  /** 1 while an answer lies there that has not been taken. */
  readonly answered: SharedArrayBuffer;
}

/** Within a thread of the node; undefined elsewhere. */
export const openThreadLink = (): Link | undefined => {
  if (parentPort === null) return undefined;
  const port = parentPort;
  const { answers, answered } = workerData as ThreadData;
  const flag = new Int32Array(answered);
  return {
    send: (message) => port.postMessage(JSON.stringify(message)),
    ask(message) {
      port.postMessage(JSON.stringify(message));
      Atomics.wait(flag, 0, 0);
      Atomics.store(flag, 0, 0);
      const taken = receiveMessageOnPort(answers) as { readonly message: string };
      return JSON.parse(taken.message) as Settled;
    },
    listen: (hear) => port.on("message", (text: string) => hear(JSON.parse(text) as ToApart)),
  };
};
