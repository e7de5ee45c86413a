/** The child process of step-runner.ts: one request at a time over IPC. */
import { answerRequests } from "../answering.ts";
import { time } from "../measure.ts";
import { loadPeer } from "../peer.ts";
import { resultOf } from "./results.ts";

export type Request =
  | { readonly kind: "start" }
  | { readonly kind: "run"; readonly tasks: number; readonly steps: number };

export type Answer =
  | { readonly kind: "start"; readonly notes: readonly string[] }
  | { readonly kind: "run"; readonly ms: number; readonly cpuMs: number; readonly stored: number };

/** What a module with steps exports as `startSteps`. */
export interface Steps {
  readonly notes: readonly string[];
  /** One task of so many steps; resolves with the characters of all results, as far as the product hands them on. */
  runTask(steps: number): Promise<number>;
  /** Steps with a whole result in the database, of all tasks so far. */
  countStored(): Promise<number>;
  close(): Promise<void>;
}

export interface StepsModule {
  startSteps(options: { readonly url: string; readonly resultOf: (step: number) => string }): Promise<Steps>;
}

const [name = "", url = ""] = process.argv.slice(2);
let steps: Steps | undefined;

const answerTo = async (request: Request): Promise<Answer> => {
  if (request.kind === "start") {
    const module = await (name === "ours" ? import("./our-steps.ts") : loadPeer<StepsModule>(name));
    steps = await module.startSteps({ url, resultOf });
    return { kind: "start", notes: steps.notes };
  }
  const running = steps;
  if (running === undefined) throw new Error("not started");
  const expected = resultOf(0).length * request.steps;
  const cpu = process.cpuUsage();
  const ms = await time(() =>
    Promise.all(
      Array.from({ length: request.tasks }, async () => {
        const characters = await running.runTask(request.steps);
        if (characters !== expected) throw new Error(`a task gave ${characters} characters instead of ${expected}`);
      }),
    ),
  );
  const { user, system } = process.cpuUsage(cpu);
  return { kind: "run", ms, cpuMs: (user + system) / 1000, stored: await running.countStored() };
};

answerRequests(answerTo, () => steps?.close());
