import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { toPlainLines } from "../plain-text.ts";
import { formatTrace } from "../trace/format-trace.ts";
import { loadTrace } from "../trace/load-trace.ts";

export const command = defineCommand({
  name: "trace",
  summary: "Show what a task did: steps, child tasks, durations, decisions and their reasons",
  arguments: [taskArgument()],
  options: {},
  examples: [
    { command: "agentcore trace 0198c7", explanation: "As a tree" },
    { command: "agentcore trace 0198c7 -o json", explanation: "The same tree as JSON; durations in milliseconds" },
    { command: "agentcore trace 0198c7 | less", explanation: "Page through a long one" },
  ],
  async run({ arguments: [taskId = ""], globals, output, signal, client }) {
    const trace = await loadTrace(await client(), taskId, signal);
    await output.data(globals.format, trace, () => toPlainLines(formatTrace(trace)));
    return 0;
  },
});
