/** `--run`: the one task that `up` and `dev` give an agent once the node is ready. */
import { describeFailure } from "../failure.ts";
import { followTask } from "../follow-task.ts";
import { connect } from "../node/connect.ts";
import { taskInput } from "../task-input.ts";
import type { RunningNode } from "./node-options.ts";
import { reportFirstRun } from "./report-first-run.ts";
import type { ServeInvocation } from "./serve-options.ts";

interface FirstRun {
  readonly agent: string;
  readonly node: Pick<RunningNode, "url" | "apiKey" | "fetch">;
}

/** A run that fails is told and leaves the node up: there is the place to look at what happened. */
export const firstRun = async (invocation: ServeInvocation, { agent, node }: FirstRun): Promise<void> => {
  const { output, signal, globals } = invocation;
  try {
    const client = await connect(node);
    const input = await taskInput(invocation, { client, agent, given: invocation.options.input });
    const { taskId } = await client.submit({ agent, input });
    const outcome = await followTask({ client, taskId, output, signal });
    const asksDecision = async () => (await client.inbox({ limit: 100 })).some(({ kind }) => kind === "approval");
    await reportFirstRun({ output, format: globals.format, taskId, outcome, url: node.url, asksDecision });
  } catch (error) {
    if (signal.aborted) return;
    for (const line of describeFailure(error, globals.verbose)) output.say(line, "red");
  }
};
