import { MessageChannel, Worker } from "node:worker_threads";
import { type Apart, type ApartEvents, type ApartLimits, EXEC_ARGV, MAIN, MEBIBYTE } from "./apart.ts";
import { hearGuarded } from "./hear-guarded.ts";
import type { ThreadData } from "./inside/thread-link.ts";

export const startThread = ({ heapBytes, environment }: ApartLimits, { hear, gone }: ApartEvents): Apart => {
  const { port1, port2 } = new MessageChannel();
  const answered = new SharedArrayBuffer(4);
  const flag = new Int32Array(answered);
  const data: ThreadData = { answers: port2, answered };
  const worker = new Worker(MAIN, {
    workerData: data,
    transferList: [port2],
    execArgv: EXEC_ARGV,
    env: { ...environment },
    resourceLimits: { maxOldGenerationSizeMb: Math.ceil(heapBytes / MEBIBYTE) },
  });
  // Tasks keep the node running, not what may run them.
  worker.unref();
  port1.unref();
  let why = "it ended by itself";
  const kill = (): void => void worker.terminate();
  worker.on("message", hearGuarded(hear, kill));
  worker.on("messageerror", kill);
  worker.on("error", (error) => {
    why = error.message;
  });
  worker.once("exit", () => {
    port1.close();
    gone(why);
  });
  return {
    send: (message) => worker.postMessage(JSON.stringify(message)),
    answer(settled) {
      port1.postMessage(JSON.stringify(settled));
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
    },
    kill,
  };
};
