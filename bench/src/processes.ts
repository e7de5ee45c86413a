/** Servers and the load generator as child processes. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { LoadRequest, LoadResult } from "./load-generator.ts";

export interface Served {
  readonly url: string;
  /** Wall time at which a node became ready, when it says so. */
  readonly readyAt: number;
  readonly process: ChildProcess;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ServerOptions {
  /** Whether `heldBy` will ask it. @default false */
  readonly collects?: boolean;
}

/** Starts a module that sends `{ url }` when it is ready. */
export const startServer = async (
  module: string,
  options: readonly string[] = [],
  { collects = false }: ServerOptions = {},
): Promise<Served> => {
  const collecting = collects ? ["--expose-gc", "--import", new URL("collecting.ts", import.meta.url).href] : [];
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), [...options], {
    execArgv: ["-C", "agentcore-source", ...collecting, ...profileOptions(module)],
  });
  const { url, readyAt = Date.now() } = await new Promise<{ readonly url: string; readonly readyAt?: number }>(
    (resolve, reject) => {
      child.once("message", resolve);
      child.once("exit", (code, signal) =>
        reject(new Error(`${module} ended with ${signal ?? `code ${code}`} before it was ready`)),
      );
    },
  );
  return {
    url,
    readyAt,
    process: child,
    stop: async (signal = "SIGTERM") => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    },
  };
};

export interface Held {
  /** JavaScript heap and what it holds outside, in bytes, after several collections. */
  readonly held: number;
  /** Bytes resident then, with what the collector keeps for later. */
  readonly rss: number;
}

/** Of a server that collects. */
export const heldBy = async ({ process: child }: Served): Promise<Held> => {
  child.send("collect");
  const [held] = (await once(child, "message")) as [Held];
  return held;
};

const profileOptions = (module: string): string[] => {
  const folder = process.env["BENCH_PROFILE"];
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}/${module.replaceAll("/", "-")}`];
};

export interface LoadGenerator {
  run(request: LoadRequest): Promise<LoadResult>;
  stop(): void;
}

export const startLoadGenerator = (): LoadGenerator => {
  const child = fork(fileURLToPath(new URL("load-generator.ts", import.meta.url)), [], { execArgv: [] });
  return {
    run: async (request) => {
      child.send(request);
      const [result] = (await once(child, "message")) as [LoadResult];
      if (result.failure !== null) throw new Error(`${request.url} answered ${result.failure}`);
      return result;
    },
    stop: () => child.kill(),
  };
};
