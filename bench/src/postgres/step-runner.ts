/** Durable steps on PostgreSQL in a process of its own: ours, or a peer's. */
import { startAsked } from "../asking.ts";
import { format } from "../measure.ts";
import type { Answer, Request } from "./step-process.ts";

/** Ours, or a file of peers/. */
export type RunnerName = "ours" | "dbos" | "langgraph";

export interface StepRunner {
  /** Of its database. */
  readonly url: string;
  /** Settings and durability, for the notes. */
  readonly notes: readonly string[];
  /** Runs `tasks` at once, `steps` one after another in each, and resolves with milliseconds. Throws when a step is not recorded. */
  run(tasks: number, steps: number): Promise<number>;
  /** Steps that were run and found in the database afterwards. */
  readonly recorded: number;
  /** Milliseconds of processor time a step, in its process alone. */
  readonly cpuMsPerStep: number;
  close(): Promise<void>;
}

export const startRunner = async (name: RunnerName, url: string): Promise<StepRunner> => {
  const { ask, close } = startAsked<Request, Answer>({
    module: "postgres/step-process.ts",
    parameters: [name, url],
    name: `postgres-${name}`,
  });
  const { notes } = await ask<"start">({ kind: "start" });
  let recorded = 0;
  let cpu = 0;
  return {
    url,
    notes,
    get recorded() {
      return recorded;
    },
    get cpuMsPerStep() {
      return cpu / recorded;
    },
    run: async (tasks, steps) => {
      const { ms, cpuMs, stored } = await ask<"run">({ kind: "run", tasks, steps });
      recorded += tasks * steps;
      cpu += cpuMs;
      if (stored !== recorded)
        throw new Error(`${name} ran ${format(recorded)} steps and ${format(stored)} are in the database`);
      return ms;
    },
    close,
  };
};
