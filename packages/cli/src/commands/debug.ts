import type { DebugAction, Debugging, HeldCall, KnownOutput, TaskProgress } from "@agentcore/sdk/client";
import { taskArgument } from "../arguments.ts";
import { defineCommand, type OptionValues } from "../command.ts";
import { outputText } from "../follow-task.ts";
import { formatTimestamp } from "../format-time.ts";
import { toPlainLines } from "../plain-text.ts";
import { parseJson } from "../read-input.ts";
import { UsageError } from "../usage-error.ts";
import { progressLine } from "../workflow/format-progress.ts";

// Of what came before: who looks wants to know which way it is, and may ask for all.
const MAX_OUTPUT = 300;

const OPTIONS = {
  break: {
    type: "string",
    multiple: true,
    value: "NODE",
    description:
      "Hold the task before a node or a step of that name, or before calls that match, besides where it is held already",
  },
  clear: { type: "boolean", description: "Take all breakpoints away; what is held stays so" },
  next: { type: "boolean", description: "Hold the task before its next call" },
  continue: { type: "boolean", description: "Let what is held begin" },
  step: { type: "boolean", description: "Let it begin, and hold the task before the call after it" },
  input: { type: "string", value: "JSON", description: "With --continue or --step: it begins with this input" },
  set: { type: "string", value: "JSON", description: "What is held does not begin, and comes to this" },
  path: {
    type: "string",
    value: "PATH",
    description: "Which call, of several that are held. Default: the first, or all for --continue",
  },
} as const;

export const command = defineCommand({
  name: "debug",
  summary: "Hold a task before calls, look at what is held, change it and let it go on",
  details: [
    "Without options it shows where the task is to be held, which calls are and with what input, what the nodes before them gave, and how far a workflow has come. A task that is held takes no memory, survives restarts, and goes on when somebody lets it. For operators.",
    "NODE is the name of a node of a workflow, or of a step. Or a pattern of call paths, with `*` for anything: `step:score`, `command:*`. `node:NAME` is a node only, `undo:NAME` what takes it back.",
  ],
  arguments: [taskArgument()],
  options: OPTIONS,
  examples: [
    { command: "agentcore debug 0198c7 --break score", explanation: "Hold it before it scores" },
    { command: "agentcore debug 0198c7", explanation: "Has it come there, and with what?" },
    { command: "agentcore debug 0198c7 --step", explanation: "One call further" },
    { command: `agentcore debug 0198c7 --continue --input '{"amount":10}'`, explanation: "Score something else" },
    { command: `agentcore debug 0198c7 --set '{"value":3}'`, explanation: "Do not score: let it be 3, and go on" },
  ],
  async run({ arguments: [taskId = ""], options, globals, output, client }) {
    const node = await client();
    const action = actionOf(options);
    const breaks = options.break ?? [];
    const changes = breaks.length > 0 || options.clear || options.next;
    const asked: string[] = [];
    let debugging: Debugging | null = null;
    if (changes) {
      const kept = options.clear ? { breakpoints: [], next: false } : await node.breakpoints(taskId);
      const breakpoints = [...new Set([...kept.breakpoints, ...breaks])];
      const next = options.next || kept.next;
      debugging = await node.setBreakpoints(taskId, breakpoints, next);
      asked.push(placesText({ breakpoints, next }));
    }
    if (action !== null) {
      debugging = await node.debug(taskId, action);
      asked.push(`asked to ${action.action === "set" ? "go on with what is set" : action.action}`);
    }
    if (debugging !== null) {
      // What was answered may be from before the task heard.
      await output.data(globals.format, debugging, () => toPlainLines(asked.join("\n")));
      output.say(`see how it goes: agentcore debug ${taskId}`);
      return 0;
    }
    const state = await node.breakpoints(taskId);
    const progress = await node.progress(taskId);
    await output.data(globals.format, { ...state, ...(progress === undefined ? {} : { progress }) }, () =>
      toPlainLines(textOf(taskId, state, progress)),
    );
    return 0;
  },
});

const actionOf = (options: OptionValues<typeof OPTIONS>): DebugAction | null => {
  const path = options.path === undefined ? {} : { path: options.path };
  const input = options.input === undefined ? {} : { input: parseJson(options.input, "--input") };
  const asked: DebugAction[] = [
    ...(options.continue ? [{ action: "continue" as const, ...path, ...input }] : []),
    ...(options.step ? [{ action: "step" as const, ...path, ...input }] : []),
    ...(options.set === undefined ? [] : [{ action: "set" as const, value: parseJson(options.set, "--set"), ...path }]),
  ];
  if (asked.length > 1) throw new UsageError("expected one of --continue, --step and --set");
  if (asked.length === 0 && options.path !== undefined)
    throw new UsageError("--path needs --continue, --step or --set");
  if (options.input !== undefined && (asked.length === 0 || options.set !== undefined))
    throw new UsageError("--input needs --continue or --step");
  return asked[0] ?? null;
};

const placesText = ({ breakpoints, next }: Pick<Debugging, "breakpoints" | "next">): string => {
  const where = [...breakpoints, ...(next ? ["the next call"] : [])];
  return `breakpoints: ${where.length === 0 ? "none" : where.join(", ")}`;
};

const textOf = (taskId: string, debugging: Debugging, progress: TaskProgress | undefined): string => {
  const { held, heldCount, outputs } = debugging;
  return [
    placesText(debugging),
    ...(progress === undefined ? [] : [`progress: ${progressLine(progress)}`]),
    ...(held.length === 0 ? ["nothing is held"] : held.map(callText)),
    ...(heldCount > held.length ? [`and ${heldCount - held.length} more`] : []),
    ...(outputs.length === 0 ? [] : [`came before:\n${indented(outputs.map(knownText).join("\n"))}`]),
    ...(held.length === 0 ? [] : [`next:\n${nextText(taskId, held)}`]),
  ].join("\n");
};

const callText = ({ path, node, address, breakpoint, at, input, inputSize }: HeldCall): string => {
  const where = node === undefined ? path : `node ${node}`;
  const which = node === undefined ? [] : [...(address === undefined || address === node ? [] : [address]), path];
  const given =
    input !== undefined
      ? `\n  input:\n${indented(indented(outputText(input)))}`
      : inputSize === undefined
        ? ""
        : `\n  input: about ${inputSize} characters, which are not shown`;
  return `held before ${[where, ...which].join(", ")}\n  by ${breakpoint}, since ${formatTimestamp(at)}${given}`;
};

const knownText = ({ node, address, seq, output, error, size }: KnownOutput): string => {
  const where = `${address === node ? node : address}`;
  if (error !== undefined) return `${where}: failed, ${error.code}: ${error.message}`;
  if (output === undefined) return `${where}: about ${size} characters, in event ${seq}`;
  const text = JSON.stringify(output);
  return `${where}: ${text.length > MAX_OUTPUT ? `${text.slice(0, MAX_OUTPUT)}… (all of it with -o json)` : text}`;
};

const nextText = (taskId: string, held: readonly HeldCall[]): string => {
  const which = held.length > 1 ? " --path PATH" : "";
  const ways: [string, string][] = [
    ["--continue", held.length > 1 ? "all of them begin" : "it begins"],
    [`--step${which}`, "it begins, and the next call is held"],
    ...(held.some(({ takesInput }) => takesInput === true)
      ? [[`--continue --input JSON${which}`, "it begins with another input"] as [string, string]]
      : []),
    [`--set JSON${which}`, "it does not begin, and comes to this"],
  ];
  const width = Math.max(...ways.map(([way]) => way.length));
  return ways.map(([way, what]) => `  agentcore debug ${taskId} ${way.padEnd(width)}  ${what}`).join("\n");
};

const indented = (text: string): string =>
  text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
