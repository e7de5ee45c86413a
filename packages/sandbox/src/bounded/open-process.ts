import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
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

/** For code that cannot be ended in a thread: what is native goes on there until it is done. Memory is looked at where there is `/proc`. */
export const openProcess = (options: BoundedOptions): BoundedWorker =>
  openWorker(options, (gone) => startProcess(options, gone));

const PAGE_BYTES = 4096;

const startProcess = ({ file, memoryBytes = DEFAULT_MEMORY_BYTES }: BoundedOptions, gone: () => void): Running => {
  let listeners: Listeners | null = null;
  const child = fork(fileURLToPath(file), [], {
    execArgv: [...conditionsFor(file), `--max-old-space-size=${Math.ceil(memoryBytes / MEBIBYTE)}`],
    ...{ env: {}, serialization: "advanced", stdio: ["ignore", "ignore", "ignore", "ipc"] },
  });
  // One that could not be started never exits; why is told to who listens.
  const exited = once(child, "exit").catch(() => undefined);
  child.on("message", (answer) => listeners?.answered(answer as unknown as Answer));
  child.on("error", (error) => listeners?.failed(error, false));
  child.once("exit", (code, signal) => {
    gone();
    listeners?.failed(new Error(`its process has ended (${signal ?? code})`), signal === "SIGABRT");
  });
  return {
    // What cannot be sent is told by "error".
    send: (request) => void child.send(request, () => undefined),
    listen: (next) => (listeners = next),
    memory: async () => {
      const pages = (await readFile(`/proc/${child.pid}/statm`, "utf8")).split(" ")[1];
      return pages === undefined ? null : Number(pages) * PAGE_BYTES;
    },
    hold(isHeld) {
      if (isHeld) {
        child.ref();
        child.channel?.ref();
      } else {
        child.unref();
        child.channel?.unref();
      }
    },
    async end() {
      child.kill("SIGKILL");
      await exited;
    },
  };
};
