import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  name: "retry",
  summary: "Let a parked task go on",
  details: ["What the task has recorded is not done again: it goes on where it stood."],
  arguments: [taskArgument("parked")],
  options: {},
  examples: [
    { command: "agentcore get tasks --state parked", explanation: "Find them" },
    { command: "agentcore retry 0198c7", explanation: "Let one go on" },
    { command: "agentcore retry 0198c7 && agentcore watch 0198c7", explanation: "And see how it ends" },
  ],
  async run({ arguments: [taskId = ""], globals, output, client }) {
    await (await client()).retry(taskId);
    await output.data(globals.format, { taskId, retried: true }, () => `${taskId} goes on`);
    return 0;
  },
});
