import { TASK_ARGUMENT } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { parseJson } from "../read-input.ts";
import { UsageError } from "../usage-error.ts";

export const command = defineCommand({
  name: "send",
  summary: "Send a task a follow-up, or the answer it waits for",
  arguments: [TASK_ARGUMENT, { name: "TEXT", description: "What to say; not needed with --data", optional: true }],
  options: { data: { type: "string", value: "JSON", description: "Structured answer, sent after the text" } },
  examples: [
    { command: 'agentcore send 0198c7 "yes, approve it"', explanation: "Answer in words" },
    { command: "agentcore send 0198c7 --data '{\"approved\":true}'", explanation: "Answer with data" },
    {
      command: 'agentcore send 0198c7 "use this account" --data \'{"iban":"DE02"}\'',
      explanation: "Both in one message",
    },
  ],
  async run({ arguments: [taskId = "", text], options, globals, output, client }) {
    const parts = [
      ...(text === undefined ? [] : [{ text }]),
      ...(options.data === undefined ? [] : [{ data: parseJson(options.data, "--data") }]),
    ];
    if (parts.length === 0) throw new UsageError("TEXT or --data is missing: what should be sent?");
    await (await client()).send(taskId, parts);
    await output.data(globals.format, { taskId, sent: true }, () => `sent to ${taskId}`);
    return 0;
  },
});
