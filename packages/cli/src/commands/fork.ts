import { taskArgument } from "../arguments.ts";
import { defineCommand } from "../command.ts";
import { readCount } from "../read-count.ts";
import { parseJson, readInput } from "../read-input.ts";
import { UsageError } from "../usage-error.ts";

export const command = defineCommand({
  name: "fork",
  summary: "Begin a new task where another one was, with another input or other results",
  details: [
    "What the task had recorded by then is taken over and not done again; everything after it happens for real. Calls that were under way begin anew. For operators.",
    "Refused, with the place, when the code does not come to that event with what is changed.",
  ],
  arguments: [taskArgument()],
  options: {
    at: {
      type: "string",
      value: "NUMBER",
      description:
        "The last event that is taken over, as `agentcore logs` numbers them. Default: the last before the task ended; with --set the last result set; with --input 1",
    },
    input: { type: "string", value: "JSON|@FILE|FOLDER", description: "In place of its input" },
    set: {
      type: "string",
      multiple: true,
      value: "PATH=JSON",
      description: "A result in place of the one recorded, or of a call under way",
    },
    break: {
      type: "string",
      multiple: true,
      value: "PATTERN",
      description: "Hold the fork before calls that match, for `agentcore debug`",
    },
    revision: {
      type: "string",
      value: "REVISION",
      description: "Of the agent, or `current`: what new tasks get. Default: that of the task",
    },
  },
  examples: [
    { command: "agentcore fork 0198c7", explanation: "Try again what failed, from where it failed" },
    {
      command: "agentcore fork 0198c7 --at 12 --revision current",
      explanation: "Go on from event 12 with the code of now",
    },
    { command: `agentcore fork 0198c7 --set 'step:score={"value":3}'`, explanation: "What if the score had been 3?" },
    { command: `agentcore fork 0198c7 --input '{"amount":10}'`, explanation: "From the start, with another input" },
  ],
  async run({ arguments: [taskId = ""], options, globals, output, cwd, readStdin, client }) {
    const { at, input, set, revision, break: breakpoints } = options;
    const fork = await (await client()).fork(taskId, {
      ...(at === undefined ? {} : { at: readCount(at, "--at", 1) }),
      ...(input === undefined ? {} : { input: await readInput(input, { cwd, readStdin }) }),
      ...(set === undefined || set.length === 0 ? {} : { set: Object.fromEntries(set.map(readResult)) }),
      ...(breakpoints === undefined || breakpoints.length === 0 ? {} : { breakpoints }),
      ...(revision === undefined ? {} : { revision }),
    });
    await output.data(globals.format, fork, () => `${fork.taskId} goes on from event ${fork.at} of ${taskId}`);
    return 0;
  },
});

/** Paths may hold a `=`, JSON begins after the last one that leaves JSON. */
const readResult = (text: string): readonly [string, unknown] => {
  for (let at = text.indexOf("="); at > 0; at = text.indexOf("=", at + 1)) {
    const value = text.slice(at + 1);
    if (isJson(value)) return [text.slice(0, at), JSON.parse(value)];
  }
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), parseJson(text.slice(at + 1), `--set ${text.slice(0, at)}`)];
  throw new UsageError(`--set ${text}: expected PATH=JSON, as in step:score=3`);
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
