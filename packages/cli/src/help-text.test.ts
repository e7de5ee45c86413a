import { glob, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { renderCliDocs } from "../test/render-cli-docs.ts";
import { GLOBAL_OPTIONS, globalOptionsOf } from "./command.ts";
import { findVerb, loadAllCommands, loadCommand, VERBS } from "./command-table.ts";
import { checkVariables } from "./doctor/check-machine.ts";
import { commandHelp, explain, flagsOf, generalHelp } from "./help-text.ts";
import { parseCommandLine } from "./parse-command-line.ts";

const commands = await loadAllCommands();

/** As a shell splits them: quotes keep words together and are taken away. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));

test("every verb of the table loads a command of that name", () => {
  expect(commands.map(({ name }) => name)).toEqual(VERBS);
});

test("the overview lists every command and every environment variable", () => {
  const help = generalHelp(commands);
  for (const { name, summary, options } of commands) {
    expect(help).toContain(name);
    expect(help).toContain(summary);
    for (const { env } of Object.values(options)) if (env !== undefined) expect(help).toContain(env);
  }
});

/** Of all packages, as they stand in code that is not a test. */
const variablesInCode = async (): Promise<readonly string[]> => {
  const packages = new URL("../../", import.meta.url);
  const found = new Set<string>();
  for await (const path of glob("*/src/**/*.ts", { cwd: fileURLToPath(packages) })) {
    if (path.endsWith(".test.ts")) continue;
    const text = await readFile(new URL(path, packages), "utf8");
    for (const [name] of text.matchAll(/\bAGENTCORE_[A-Z_]*[A-Z]\b/g)) found.add(name);
  }
  return [...found];
};

test("every variable that any package reads stands in the overview and in docs/cli.md, and doctor knows it", async () => {
  const variables = await variablesInCode();
  expect(variables).toContain("AGENTCORE_MODEL_URL");
  const help = generalHelp(commands);
  const docs = renderCliDocs(commands);
  for (const name of variables) {
    expect(help).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
    expect(docs).toContain(`| \`${name}\` |`);
    expect(checkVariables({ [name]: "x" })).toHaveLength(1);
  }
});

test("authorize says for how long each kind of grant is good when nobody says", () => {
  const help = commandHelp(commands.find(({ name }) => name === "authorize") as (typeof commands)[number]);
  expect(help).toContain(
    "default: what the agent asked for; else a day for a secret, for good with --without-credential",
  );
});

describe.each(commands.map((command) => [command.name, command] as const))("help of %s", (name, command) => {
  const help = commandHelp(command);

  test("documents every option with default and variable", () => {
    for (const [option, spec] of Object.entries({ ...command.options, ...globalOptionsOf(command) })) {
      expect(help).toContain(flagsOf(option, spec));
      expect(help).toContain(explain(spec));
      if ("env" in spec && spec.env !== undefined) expect(help).toContain(spec.env);
      if ("default" in spec && spec.default !== undefined) expect(help).toContain(`default ${spec.default}`);
    }
  });

  test("documents arguments, exit codes and three examples", () => {
    for (const argument of command.arguments) expect(help).toContain(argument.description);
    expect(help).toMatch(/0 +done[\s\S]*1 +failed[\s\S]*2 +usage/);
    expect(command.examples.length).toBeGreaterThanOrEqual(3);
    expect(command.examples.some((example) => example.command.includes(name))).toBe(true);
  });

  test.each(command.examples.map((example) => [example.command]))(
    "has the example %s, which the command understands",
    async (line) => {
      const calls = line.split(/ && | \| |[<>()]+/).filter((part) => part.trim().startsWith("agentcore "));
      expect(calls).not.toEqual([]);
      for (const call of calls) {
        const words = wordsOf(call).slice(1);
        if (words[0] === "--version") continue;
        const { verb = "", rest } = findVerb(words);
        const called = await loadCommand(verb);
        if (called === undefined) throw new Error(`there is no command ${verb}`);
        parseCommandLine(called, rest, {});
      }
    },
  );

  test("no option takes the name or the letter of a global one", () => {
    const letters = Object.values(GLOBAL_OPTIONS).flatMap((spec) => ("short" in spec ? [spec.short] : []));
    for (const [option, spec] of Object.entries(command.options)) {
      expect(Object.keys(GLOBAL_OPTIONS)).not.toContain(option);
      expect(letters).not.toContain(spec.short);
    }
  });
});

test("docs/cli.md says what the commands say", async () => {
  await expect(renderCliDocs(commands)).toMatchFileSnapshot("../../../docs/cli.md");
});
