import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "cancel",
  summary: "Ask a task to stop",
  details: ["Done when the request is recorded: the task may still undo what it began. Its child tasks are asked too."],
  arguments: [taskArgument("submitted", "working", "input-required", "auth-required", "parked")],
  options: { reason: { type: "string", value: "TEXT", description: "Why, for the log" } },
  examples: [
    { command: "agentcore cancel 0198c7", explanation: "Stop it" },
    { command: 'agentcore cancel 0198c7 --reason "sent twice"', explanation: "Stop it and say why" },
    { command: "agentcore cancel 0198c7 && agentcore watch 0198c7", explanation: "Stop it and wait for the end" },
  ],
  async run({ arguments: [taskId = ""], options, globals, output, client }) {
    await (await client()).cancel(taskId, options.reason);
    await output.data(globals.format, { taskId, cancelRequested: true }, () => `cancel requested for ${taskId}`);
    return 0;
  },
});
