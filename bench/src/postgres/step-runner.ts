/** Durable steps on PostgreSQL in a process of its own: ours, or a peer's. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
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
  const child = fork(fileURLToPath(new URL("step-process.ts", import.meta.url)), [name, url], {
    execArgv: ["-C", "agentcore-source", ...profileOptions(name)],
  });
  const ask = async <Kind extends Request["kind"]>(
    request: Extract<Request, { kind: Kind }>,
  ): Promise<Extract<Answer, { kind: Kind }>> => {
    const gone = new AbortController();
    const answered = once(child, "message", { signal: gone.signal });
    const exited = once(child, "exit", { signal: gone.signal }).then(([code, signal]) => {
      throw new Error(`${name} ended with ${String(signal ?? code)}`);
    });
    child.send(request);
    try {
      const [answer] = (await Promise.race([answered, exited])) as [Answer];
      if (answer.kind === "failed") throw new Error(`${name}: ${answer.message}`);
      return answer as Extract<Answer, { kind: Kind }>;
    } finally {
      exited.catch(() => {});
      answered.catch(() => {});
      gone.abort();
    }
  };
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
    close: async () => {
      const exit = once(child, "exit");
      child.send({ kind: "close" } satisfies Request);
      await exit;
    },
  };
};

const profileOptions = (name: string): string[] => {
  const folder = process.env["BENCH_PROFILE"];
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}/postgres-${name}`];
};
