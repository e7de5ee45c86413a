/** The child process of loop-runner.ts. */
import { answerRequests } from "../answering.ts";
import { time } from "../measure.ts";
import { loadPeer } from "../peer.ts";
import { ANSWER_TEXT, type Loop, loop } from "./loop.ts";

export type Request =
  | { readonly kind: "start" }
  | { readonly kind: "run"; readonly runs: number; readonly atOnce: boolean }
  | { readonly kind: "count" };

export type Answer =
  | { readonly kind: "start"; readonly notes: readonly string[] }
  | { readonly kind: "run"; readonly ms: number; readonly cpuMs: number }
  /** Calls of the model and the tool whose results are in the store. */
  | { readonly kind: "count"; readonly steps: number };

/** What a module with loops exports as `startLoops`. */
export interface Loops {
  readonly notes: readonly string[];
  /** One run; resolves with what the agent answers. */
  run(): Promise<string>;
  /** Calls of the model and the tool that are in the store, of all runs so far. */
  countSteps(): Promise<number>;
  close(): Promise<void>;
}

export interface LoopsModule {
  startLoops(options: {
    /** A folder of its own. */
    readonly place: string;
    readonly loop: Loop;
    /** Syncs every commit, where that is not so by itself. */
    readonly full: boolean;
    /** Where the model is. @default in process, and answers at once */
    readonly url?: string;
  }): Promise<Loops>;
}

const [name = "", place = "", full = "", url = ""] = process.argv.slice(2);
let loops: Loops | undefined;

const answerTo = async (request: Request): Promise<Answer> => {
  if (request.kind === "start") {
    const module = await (name === "ours" ? import("./our-loops.ts") : loadPeer<LoopsModule>(`${name}-loops`));
    loops = await module.startLoops({ place, loop, full: full === "full", ...(url === "" ? {} : { url }) });
    return { kind: "start", notes: loops.notes };
  }
  const running = loops;
  if (running === undefined) throw new Error("not started");
  if (request.kind === "count") return { kind: "count", steps: await running.countSteps() };
  const one = async (): Promise<void> => {
    const said = await running.run();
    if (said !== ANSWER_TEXT) throw new Error(`a run answered ${said}`);
  };
  const cpu = process.cpuUsage();
  const ms = await time(async () => {
    if (request.atOnce) await Promise.all(Array.from({ length: request.runs }, one));
    else for (let run = 0; run < request.runs; run++) await one();
  });
  const { user, system } = process.cpuUsage(cpu);
  return { kind: "run", ms, cpuMs: (user + system) / 1000 };
};

answerRequests(answerTo, () => loops?.close());
