import type { Priority } from "@agentcore/contract";
import { defineCommand } from "../command.ts";
import { followTask, reportOutcome } from "../follow-task.ts";
import { taskInput } from "../task-input.ts";
import { UsageError } from "../usage-error.ts";

// Not imported: the contract loads the schema library, which would slow every start down.
const PRIORITIES = Object.keys({
  low: true,
  normal: true,
  high: true,
  urgent: true,
} satisfies Record<Priority, true>) as Priority[];

export const command = defineCommand({
  name: "run",
  summary: "Give an agent a task and print its output",
  details: [
    "INPUT is JSON, text, @FILE (JSON, YAML or text), @- (stdin) or a folder, which the agent gets as { directory: absolute path }.",
    "When the task asks a person something, the question is printed and the command ends with 1; the task waits for `agentcore send`. With --break it ends so too when the task is held. Ctrl-C ends the command and not the task.",
  ],
  arguments: [
    {
      name: "AGENT",
      description: "Name of the agent, capability:SKILL, or need:WORDS for whoever can do that",
      completes: "agent",
    },
  ],
  options: {
    input: {
      type: "string",
      short: "i",
      value: "INPUT",
      completes: "path",
      description:
        "What the agent gets as its input; without it, the manifest's annotation agentcore.dev/default-input",
    },
    priority: {
      type: "string",
      short: "p",
      value: "PRIORITY",
      completes: PRIORITIES,
      description: "Which of the tasks that wait begins first: low, normal, high or, for operators, urgent",
      default: "normal",
    },
    watch: {
      type: "boolean",
      short: "w",
      description: "Print every event, and stay while the task waits for a person",
    },
    break: {
      type: "string",
      multiple: true,
      value: "NODE",
      description:
        "Hold the task before a node or a step of that name, or before calls that match, for `agentcore debug`; for operators",
    },
    detach: { type: "boolean", short: "d", description: "Print the task's id and do not wait" },
  },
  examples: [
    { command: 'agentcore run sales-analyst --input "revenue by region in 2024"', explanation: "Ask in plain words" },
    {
      command: "agentcore run loan-triage --input ./applications --watch",
      explanation: "Work on a folder and show each step",
    },
    {
      command: "agentcore run greeter --input @person.json -o json",
      explanation: "Input from a file, output for another program",
    },
    {
      command: 'agentcore run "need:how did the south do in turnover?" --input "revenue of the south"',
      explanation: "Whoever can do that; `agentcore trace` says who it was and why",
    },
    {
      command: "agentcore run refund --break pay",
      explanation: "Hold it before the node `pay`, to look into it with `agentcore debug`",
    },
  ],
  async run(invocation) {
    const {
      arguments: [agent = ""],
      options,
      globals,
      output,
      signal,
    } = invocation;
    const priority = readPriority(options.priority);
    const client = await invocation.client();
    const input = await taskInput(invocation, { client, agent, given: options.input });
    const breakpoints = options.break ?? [];
    const { taskId } = await client.submit({
      agent,
      input,
      priority,
      ...(breakpoints.length === 0 ? {} : { breakpoints }),
    });
    if (options.detach) {
      await output.data(globals.format, { taskId }, () => taskId);
      return 0;
    }
    output.say(`task ${taskId}`);
    const outcome = await followTask({
      client,
      taskId,
      output,
      signal,
      verbose: options.watch,
      throughPauses: options.watch,
      untilHeld: breakpoints.length > 0,
    });
    return reportOutcome(output, globals.format, taskId, outcome);
  },
});

const readPriority = (text: string): Priority => {
  const priority = PRIORITIES.find((one) => one === text);
  if (priority === undefined) throw new UsageError(`--priority ${text}: expected low, normal, high or urgent`);
  return priority;
};
