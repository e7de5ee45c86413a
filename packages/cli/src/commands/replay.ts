import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { formatFields } from "../format-table.ts";
import { toPlainLines } from "../plain-text.ts";

export const command = defineCommand({
  name: "replay",
  summary: "Run the code of a task over its log, without any effect, and tell whether it agrees",
  details: [
    "Nothing that is recorded runs again and nothing new begins: no step, no child, no message, nothing is stored. Tells at which event code and log part, if they do. For operators.",
    "With --revision current it answers whether a task would survive the code that is applied now.",
  ],
  arguments: [taskArgument()],
  options: {
    revision: {
      type: "string",
      value: "REVISION",
      description: "Of the agent, or `current`: what new tasks get. Default: that of the task",
    },
  },
  examples: [
    { command: "agentcore replay 0198c7", explanation: "Is its code deterministic?" },
    { command: "agentcore replay 0198c7 --revision current", explanation: "Would it survive the code of now?" },
    { command: "agentcore replay 0198c7 -o json", explanation: "Both sides of a difference as JSON" },
  ],
  async run({ arguments: [taskId = ""], options, globals, output, client }) {
    const { revision } = options;
    const report = await (await client()).replay(taskId, revision === undefined ? {} : { revision });
    const { agrees, differs, from, to, end, next } = report;
    await output.data(globals.format, report, () =>
      toPlainLines(
        formatFields([
          ["Task", taskId],
          ["Revision", `${report.agent} ${report.revision}`],
          ["Events", `${from} to ${to}`],
          ["Agrees", agrees ? "yes" : "no"],
          ["Differs", differs?.message],
          ["At event", differs?.seq ?? undefined],
          ["Recorded", differs === null ? undefined : JSON.stringify(differs.recorded)],
          ["Made", differs === null ? undefined : JSON.stringify(differs.made)],
          ["Ends", end?.type],
          ["Goes on with", next.length === 0 || !agrees ? undefined : next.join(", ")],
        ]),
      ),
    );
    return agrees ? 0 : 1;
  },
});
