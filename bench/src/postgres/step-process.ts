/** The child process of step-runner.ts: one request at a time over IPC. */
import { time } from "../measure.ts";
import { loadPeer } from "../peer.ts";
import { resultOf } from "./results.ts";

export type Request =
  | { readonly kind: "start" }
  | { readonly kind: "run"; readonly tasks: number; readonly steps: number }
  | { readonly kind: "close" };

export type Answer =
  | { readonly kind: "start"; readonly notes: readonly string[] }
  | { readonly kind: "run"; readonly ms: number; readonly cpuMs: number; readonly stored: number }
  | { readonly kind: "failed"; readonly message: string };

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

const answerTo = async (request: Exclude<Request, { kind: "close" }>): Promise<Answer> => {
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

process.on("message", (request: Request) => {
  if (request.kind === "close") {
    void Promise.resolve(steps?.close()).finally(() => process.exit(0));
    return;
  }
  answerTo(request).then(
    (answer) => process.send?.(answer),
    (error: unknown) =>
      process.send?.({
        kind: "failed",
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  );
});
// Whoever started this is gone.
process.once("disconnect", () => process.exit(1));
