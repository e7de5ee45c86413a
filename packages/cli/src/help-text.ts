/** Help, made from the commands themselves. */
import {
  type ArgumentSpec,
  type Command,
  GLOBAL_OPTIONS,
  globalOptionsOf,
  type OptionSpec,
  type OptionSpecs,
} from "./command.ts";

export const EXIT_CODES = [
  ["0", "done"],
  ["1", "failed: the node, the task or this machine could not do it"],
  ["2", "usage: the command line is wrong, nothing was done"],
  ["130", "interrupted by Ctrl-C (`up` and `dev` stop in order and exit with 0)"],
] as const;

/** Read by every verb or by the terminal code, hence not in any verb's options. */
export const GENERAL_VARIABLES = [["NO_COLOR", "Set to anything: no colours"]] as const;

const GENERAL_EXAMPLES = [
  ["agentcore up --apply examples", "Start a node here and apply every manifest below examples"],
  ['agentcore run sales-analyst --input "revenue by region in 2024"', "Give an agent work and print its answer"],
  ["agentcore get tasks -o json", "List tasks for another program to read"],
] as const;

export const usageOf = (command: Command): string =>
  ["agentcore", command.name, ...command.arguments.map(argumentUsage), "[options]"].join(" ");

const argumentUsage = (spec: ArgumentSpec): string => {
  const name = spec.choices === undefined ? spec.name : spec.choices.join("|");
  const repeated = spec.rest === undefined ? name : `${name}...`;
  return spec.optional === undefined ? repeated : `[${repeated}]`;
};

/** `-o, --output table|json|yaml` */
export const flagsOf = (name: string, spec: OptionSpec): string => {
  const flags = spec.short === undefined ? `--${name}` : `-${spec.short}, --${name}`;
  return spec.type === "boolean" ? flags : `${flags} ${spec.value ?? "VALUE"}`;
};

/** The description with default, environment variable and repetition. */
export const explain = (spec: OptionSpec): string => {
  const notes = [
    spec.multiple === undefined ? undefined : "repeatable",
    spec.default === undefined ? undefined : `default ${spec.default}`,
    spec.env === undefined ? undefined : `environment ${spec.env}`,
  ].filter((note) => note !== undefined);
  return notes.length === 0 ? spec.description : `${spec.description} (${notes.join("; ")})`;
};

/** Those of every verb, and what these verbs read, with an option or without one. */
export const variablesOf = (
  ...commands: readonly Pick<Command, "options" | "variables" | "reaches">[]
): readonly (readonly [string, string])[] => {
  const found = new Map<string, string>(GENERAL_VARIABLES);
  for (const command of commands) {
    const options: OptionSpecs = { ...command.options, ...globalOptionsOf(command) };
    for (const [name, spec] of Object.entries(options))
      if (spec.env !== undefined) found.set(spec.env, `Same as --${name}${spec.multiple ? ", one value" : ""}`);
    for (const [name, meaning] of Object.entries(command.variables ?? {})) found.set(name, meaning);
  }
  return [...found].toSorted(([first], [second]) => first.localeCompare(second));
};

const optionRows = (specs: OptionSpecs) =>
  Object.entries(specs).map(([name, spec]) => [flagsOf(name, spec), explain(spec)] as const);

const exampleLines = (examples: readonly (readonly [string, string])[]): string =>
  examples.map(([line, explanation]) => `  # ${explanation}\n  ${line}`).join("\n");

const section = (title: string, body: string): string => `${title}:\n${body}\n`;

export const commandHelp = (command: Command): string =>
  [
    `${command.summary}\n`,
    section("Usage", `  ${usageOf(command)}`),
    ...(command.details ?? []).map((paragraph) => `${wrap(paragraph, 100)}\n`),
    ...(command.arguments.length === 0
      ? []
      : [section("Arguments", columns(command.arguments.map((spec) => [spec.name, spec.description])))]),
    ...(Object.keys(command.options).length === 0 ? [] : [section("Options", columns(optionRows(command.options)))]),
    section("Global options", columns(optionRows(globalOptionsOf(command)))),
    section("Environment", columns(variablesOf(command))),
    section("Exit codes", columns(EXIT_CODES)),
    section("Examples", exampleLines(command.examples.map((each) => [each.command, each.explanation]))),
  ].join("\n");

export const generalHelp = (commands: readonly Command[]): string =>
  [
    "agentcore runs AI agents: it keeps their work alive through crashes and shows every step.\n",
    section("Usage", "  agentcore COMMAND [arguments] [options]"),
    section("Commands", columns(commands.map((command) => [command.name, command.summary]))),
    section("Global options", columns(optionRows(GLOBAL_OPTIONS))),
    section("Environment", columns(variablesOf(...commands))),
    section("Exit codes", columns(EXIT_CODES)),
    section("Examples", exampleLines(GENERAL_EXAMPLES)),
    "Data goes to stdout, talk to stderr. `agentcore COMMAND --help` explains a command.\n",
  ].join("\n");

/** Of the verbs that begin with one word. */
export const groupHelp = (group: string, summary: string, commands: readonly Command[]): string =>
  [
    `${summary}\n`,
    section("Usage", `  agentcore ${group} COMMAND [arguments] [options]`),
    section(
      "Commands",
      columns(
        // The first word alone may be a command too.
        commands
          .filter(({ name }) => name === group || name.startsWith(`${group} `))
          .map(({ name, summary: each }) => [name, each]),
      ),
    ),
    `\`agentcore ${group} COMMAND --help\` explains a command.\n`,
  ].join("\n");

const columns = (rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
};

const wrap = (text: string, width: number): string => {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
};
