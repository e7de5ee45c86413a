import { openClient } from "../../a2a/open-client.ts";
import { exitCodeOf, isTerminal, printTask } from "../../a2a/print-answer.ts";
import { printStream } from "../../a2a/print-stream.ts";
import { CREDENTIAL_OPTIONS, INTERFACE_OPTIONS, URL_ARGUMENT } from "../../a2a/server-options.ts";
import { defineCommand } from "../../command.ts";
import { readCount } from "../../read-count.ts";

export const command = defineCommand({
  name: "a2a watch",
  summary: "Follow a task of any A2A agent to its end",
  details: [
    "A task that has ended is printed as it is. A stream that ends before the task is taken up again, of an agent that numbers its events. With -o json, a line is one event as it came.",
    "Ends with 1 when the task fails, is rejected or canceled.",
  ],
  reaches: "agents",
  arguments: [URL_ARGUMENT, { name: "TASK_ID", description: "The agent's id of the task" }],
  options: {
    after: {
      type: "string",
      value: "NUMBER",
      description: "Only events after this number, of an agent that numbers them",
    },
    ...INTERFACE_OPTIONS,
    ...CREDENTIAL_OPTIONS,
  },
  examples: [
    { command: "agentcore a2a watch https://agents.example.com 7f3c", explanation: "What comes, until the end" },
    {
      command: "agentcore a2a watch http://127.0.0.1:4700/a2a/greeter 0198c7 --after 12",
      explanation: "Go on after a lost connection",
    },
    { command: "agentcore a2a watch https://agents.example.com 7f3c -o json", explanation: "Events for a program" },
  ],
  async run({ arguments: [url = "", taskId = ""], options, globals, output, environment, signal }) {
    const after = options.after === undefined ? undefined : readCount(options.after, "--after", 1);
    const client = await openClient(url, options, { environment, signal });
    const task = await client.get({ id: taskId }, { signal });
    // A stream of a task that has ended is refused, unless it is a resumed one.
    if (after === undefined && isTerminal(task.status)) {
      if (globals.format === "table") printTask(output, task);
      else await output.data(globals.format, { task }, () => "");
      return exitCodeOf(task.status);
    }
    const frames = client.subscribe({ id: taskId, after }, { signal });
    return printStream(output, globals.format, { frames, client, signal });
  },
});
