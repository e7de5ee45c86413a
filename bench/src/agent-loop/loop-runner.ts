/** Everyone whose loop is measured, each in a process and a store of its own. */
import { mkdirSync } from "node:fs";
import { startAsked } from "../asking.ts";
import { format } from "../measure.ts";
import { STEPS } from "./loop.ts";
import type { Answer, Request } from "./loop-process.ts";

export interface LoopSide {
  /** Ours, or a file of peers/. */
  readonly name: "ours" | "langgraph" | "ai-sdk";
  /** Holds what it stores. */
  readonly folder: string;
  /** Every commit is synced, where that is not so by itself. */
  readonly full?: boolean;
  /** Where the model is. @default in process, and answers at once */
  readonly url?: string;
}

export interface LoopRunner {
  /** Settings and durability. */
  readonly notes: readonly string[];
  /** So many runs of the loop, all at once or one after another; resolves with milliseconds. Throws when one ends with a wrong answer. */
  run(runs: number, atOnce: boolean): Promise<number>;
  /** Milliseconds of processor time a run, in its process alone. */
  readonly cpuMsPerRun: number;
  /** Throws when a call of a model or a tool is not in the store. */
  checkSteps(): Promise<number>;
  close(): Promise<void>;
}

export const startLoopRunner = async ({ name, folder, full = false, url = "" }: LoopSide): Promise<LoopRunner> => {
  const place = `${folder}/${name}${full ? "-full" : ""}`;
  mkdirSync(place, { recursive: true });
  const { ask, close } = startAsked<Request, Answer>({
    module: "agent-loop/loop-process.ts",
    parameters: [name, place, full ? "full" : "", url],
    name: `loops-${name}${full ? "-full" : ""}`,
  });
  const { notes } = await ask<"start">({ kind: "start" });
  let done = 0;
  let cpu = 0;
  return {
    notes,
    get cpuMsPerRun() {
      return cpu / done;
    },
    run: async (runs, atOnce) => {
      const { ms, cpuMs } = await ask<"run">({ kind: "run", runs, atOnce });
      done += runs;
      cpu += cpuMs;
      return ms;
    },
    checkSteps: async () => {
      const { steps } = await ask<"count">({ kind: "count" });
      if (steps !== done * STEPS)
        throw new Error(`${name} made ${format(done * STEPS)} calls and has ${format(steps)} of them`);
      return steps;
    },
    close,
  };
};

/** They are closed afterwards. */
export const withLoopRunners = async <T>(
  sides: readonly LoopSide[],
  work: (runners: readonly LoopRunner[]) => Promise<T>,
): Promise<T> => {
  const runners: LoopRunner[] = [];
  try {
    for (const side of sides) runners.push(await startLoopRunner(side));
    return await work(runners);
  } finally {
    for (const runner of runners) await runner.close();
  }
};
