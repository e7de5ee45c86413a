import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { eventLine } from "../describe-event.ts";
import { toPlainText } from "../plain-text.ts";
import { readCount } from "../read-count.ts";
import { toJsonText, toYamlText } from "../structured-text.ts";

export const command = defineCommand({
  name: "logs",
  summary: "Print the events of a task, a line each",
  details: [
    "A line is time, number, type and what happened. With -o json, each line is one event as JSON; with -o yaml, one document.",
  ],
  arguments: [taskArgument()],
  options: {
    follow: { type: "boolean", short: "f", description: "Go on with new events until the task ends" },
    after: { type: "string", value: "NUMBER", description: "Only events after this number", default: "0" },
  },
  examples: [
    { command: "agentcore logs 0198c7", explanation: "All events so far" },
    { command: "agentcore logs 0198c7 -f", explanation: "And those to come" },
    { command: "agentcore logs 0198c7 -o json | jq .type", explanation: "A JSON object a line, for other programs" },
  ],
  async run({ arguments: [taskId = ""], options, globals, output, signal, client: connected }) {
    const after = readCount(options.after, "--after", 0);
    const client = await connected();
    for await (const event of client.events(taskId, { after, follow: options.follow, signal })) {
      switch (globals.format) {
        case "json":
          output.line(toJsonText(event));
          break;
        case "yaml":
          output.line(`---\n${await toYamlText(event)}`);
          break;
        case "table":
          output.line(toPlainText(eventLine(event)));
          break;
      }
    }
    signal.throwIfAborted();
    return 0;
  },
});
