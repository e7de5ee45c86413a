import { Worker } from "node:worker_threads";
import {
  type BoundedOptions,
  type BoundedWorker,
  conditionsFor,
  DEFAULT_MEMORY_BYTES,
  type Listeners,
  MEBIBYTE,
  openWorker,
  type Running,
} from "./bounded-worker.ts";
import type { Answer } from "./messages.ts";

/** For code in JavaScript, which can be ended wherever it is; what runs below it (a query of a database) cannot, and needs a process. */
export const openThread = (options: BoundedOptions): BoundedWorker =>
  openWorker(options, (gone) => startThread(options, gone));

const startThread = ({ file, memoryBytes = DEFAULT_MEMORY_BYTES }: BoundedOptions, gone: () => void): Running => {
  let listeners: Listeners | null = null;
  const worker = new Worker(file, {
    execArgv: conditionsFor(file),
    // No secret is its business.
    ...{ env: {}, stdout: true, stderr: true },
    resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memoryBytes / MEBIBYTE) },
  });
  worker.on("message", (answer: Answer) => listeners?.answered(answer));
  worker.on("error", (error: Error & { code?: string }) =>
    listeners?.failed(error, error.code === "ERR_WORKER_OUT_OF_MEMORY"),
  );
  worker.once("exit", () => {
    gone();
    listeners?.failed(new Error("its thread has ended"), false);
  });
  return {
    send: (request) => worker.postMessage(request),
    listen: (next) => (listeners = next),
    memory: async () => {
      const { external_memory: buffers, used_heap_size: heap } = await worker.getHeapStatistics();
      return buffers + heap;
    },
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    end: async () => void (await worker.terminate()),
  };
};
