import type { Context, TaskInput } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { contextWith } from "../context/context-with.ts";
import { createReporter, type Reporter } from "./reporter.ts";

export interface ReportedOptions {
  /** Also how long each task took by its log, and how it ended: `task.duration`, in milliseconds. One event more for each task. @default false */
  readonly measure?: boolean;
}

type ReportedRun<Input, Output> = (task: TaskInput<Input>, ctx: Context, report: Reporter) => Promise<Output> | Output;

/**
 * A `run` that tells what happens in it (docs/standard-agents.md#telling-what-happens): what it says by `report`, and the error that ends its task. It is told when the task
 * ends, or goes on in a fresh log, by one durable event for each kind. Where nobody subscribes nothing else happens.
 */
export const reported =
  <Input, Output>(run: ReportedRun<Input, Output>, { measure = false }: ReportedOptions = {}) =>
  async (task: TaskInput<Input>, ctx: Context): Promise<Output> => {
    const report = createReporter(task, ctx);
    const begun = ctx.now();
    const end = async (outcome: string): Promise<void> => {
      if (measure) report.measure("task.duration", ctx.now() - begun, { outcome });
      await report.flush();
    };
    const own = contextWith(ctx, {
      continueAs: async (state, options) => {
        await report.flush();
        return ctx.continueAs(state, options);
      },
    });
    let output: Output;
    try {
      output = await run(task, own, report);
    } catch (error) {
      const { code } = PlatformError.from(error, "AGENT_FAILED");
      // A cancel is no error of anybody.
      if (code !== "CANCELED") report.fail(error);
      await end(code);
      throw error;
    }
    await end("completed");
    return output;
  };
