import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { followTask, reportOutcome } from "../follow-task.ts";

export const command = defineCommand({
  name: "watch",
  summary: "Follow a task to its end and print its output",
  details: [
    "Stays while the task waits for a person: answer from another terminal with `agentcore send`, or grant access with `agentcore authorize`.",
    "Of a workflow, `agentcore workflow progress TASK_ID --follow` shows each node.",
  ],
  arguments: [taskArgument("submitted", "working", "input-required", "auth-required", "parked")],
  options: { events: { type: "boolean", description: "Print every event instead of one line of progress" } },
  examples: [
    { command: "agentcore watch 0198c7", explanation: "Progress, then the output" },
    { command: "agentcore watch 0198c7 --events", explanation: "Each event as it happens" },
    { command: "agentcore watch 0198c7 -o json > result.json", explanation: "Keep the output" },
  ],
  async run({ arguments: [taskId = ""], options, globals, output, signal, client: connected }) {
    const client = await connected();
    const outcome = await followTask({ client, taskId, output, signal, verbose: options.events, throughPauses: true });
    return reportOutcome(output, globals.format, taskId, outcome);
  },
});
