/** docs/cli.md, made from the commands. */
import { type Command, GLOBAL_OPTIONS, type OptionSpecs } from "../src/command.ts";
import { EXIT_CODES, explain, flagsOf, usageOf, variablesOf } from "../src/help-text.ts";

export const renderCliDocs = (commands: readonly Command[]): string =>
  `${[
    "# The agentcore command",
    "<!-- Made from the commands in packages/cli/src/commands: `npx vitest run --project unit packages/cli -u` writes it. -->",
    "Data goes to stdout, talk and progress to stderr. Where stderr is a terminal, progress is one line that changes in place; elsewhere it is a line per change.",
    "## Commands",
    table(
      ["command", "what it does"],
      commands.map(({ name, summary }) => [`[\`${name}\`](#${name.replaceAll(" ", "-")})`, summary]),
    ),
    "## Exit codes",
    table(["code", "meaning"], EXIT_CODES),
    "## Errors",
    "An error names its code (see `errors.md`), what was wrong, each refused field, and the next step. The stack comes with `--verbose` only.",
    "## Options of every command",
    optionTable(GLOBAL_OPTIONS),
    "## Environment",
    table(
      ["variable", "meaning"],
      variablesOf(...commands).map(([name, meaning]) => [`\`${name}\``, escape(meaning)]),
    ),
    "An option wins over its variable, a variable over the default.",
    ...commands.flatMap(commandSection),
  ].join("\n\n")}\n`;

const commandSection = (command: Command): readonly string[] => [
  `## ${command.name}`,
  `${command.summary}.`,
  `\`\`\`sh\n${usageOf(command)}\n\`\`\``,
  ...(command.details ?? []).map(escapeAngles),
  ...(command.reaches === "agents"
    ? ["Talks to the server of its argument: takes no `--url` and no `--api-key`."]
    : []),
  ...(command.arguments.length === 0
    ? []
    : [
        table(
          ["argument", "meaning"],
          command.arguments.map(({ name, description }) => [`\`${name}\``, escape(description)]),
        ),
      ]),
  ...(Object.keys(command.options).length === 0 ? [] : [optionTable(command.options)]),
  `\`\`\`sh\n${command.examples.map((each) => `# ${each.explanation}\n${each.command}`).join("\n")}\n\`\`\``,
];

const optionTable = (specs: OptionSpecs): string =>
  table(
    ["option", "meaning"],
    Object.entries(specs).map(([name, spec]) => [`\`${escape(flagsOf(name, spec))}\``, escape(explain(spec))]),
  );

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

const escapeAngles = (text: string): string => text.replaceAll("*.", "\\*.");
const escape = (text: string): string => escapeAngles(text).replaceAll("|", "\\|");
