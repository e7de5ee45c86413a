/** One run of the command: finds the verb, parses, runs, and turns what happened into an exit code. */
import { PlatformError } from "@agentcore/contract/errors";
import { closestTo } from "./closest-to.ts";
import type { Command, Invocation } from "./command.ts";
import { findVerb, loadAllCommands, loadCommand, VERB_GROUPS, VERBS, verbsOf } from "./command-table.ts";
import { completeWords } from "./completion/complete-words.ts";
import { COMPLETE_VERB } from "./completion/completion-script.ts";
import { describeFailure, describeUsage } from "./failure.ts";
import { commandHelp, generalHelp, groupHelp } from "./help-text.ts";
import type { LineReader } from "./line-reader.ts";
import { connect } from "./node/connect.ts";
import { trustAuthorities } from "./node/trust-authorities.ts";
import { Output, type TextStream } from "./output.ts";
import { parseCommandLine } from "./parse-command-line.ts";
import { UsageError } from "./usage-error.ts";

export interface Surroundings {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly readStdin: () => Promise<string>;
  /** Where somebody types at a terminal. @default nobody does */
  readonly openLines?: (() => LineReader) | undefined;
  readonly signal: AbortSignal;
}

const INTERRUPTED = 130; // 128 + SIGINT, what a shell reports for Ctrl-C

/** Resolves with the exit code; never rejects. `words` are those after the command's own name. */
export const runCommandLine = async (words: readonly string[], surroundings: Surroundings): Promise<number> => {
  const output = new Output(surroundings);
  const verbose = words.includes("--verbose");
  const { verb, rest } = findVerb(words);
  if (words[0] === COMPLETE_VERB) {
    const { stdout, environment } = surroundings;
    stdout.write(await completeWords({ words: words.slice(1), environment, connect }));
    return 0;
  }
  try {
    if (verb === undefined) return await runWithoutVerb(rest, output, surroundings);
    // The first word of a group may be a verb of its own.
    if (Object.hasOwn(VERB_GROUPS, verb) && !VERBS.includes(verb)) return await runGroup(verb, rest, output);
    const command = await loadCommand(verb);
    if (command === undefined) throw new UsageError(`there is no command "${verb}"${suggestion(verb)}`);
    return await runVerb(command, rest, output, surroundings);
  } catch (error) {
    output.hideProgress();
    const isUsage = error instanceof UsageError;
    const isRefused = PlatformError.is(error) && error.code !== "CANCELED";
    if (surroundings.signal.aborted && !isUsage && !isRefused) return INTERRUPTED;
    const lines = isUsage ? describeUsage(error, helpOf(verb)) : describeFailure(error, verbose);
    for (const [index, line] of lines.entries()) output.say(line, index === 0 ? "red" : undefined);
    return isUsage ? 2 : 1;
  }
};

const runVerb = async (
  command: Command,
  words: readonly string[],
  output: Output,
  surroundings: Surroundings,
): Promise<number> => {
  const parsed = parseCommandLine(command, words, surroundings.environment);
  if (parsed.wantsHelp) {
    output.line(commandHelp(command).trimEnd());
    return 0;
  }
  const invocation: Invocation = {
    arguments: parsed.arguments,
    // Typed by the command's own option table, which is what they were parsed with.
    options: parsed.options as Invocation["options"],
    globals: parsed.globals,
    output,
    cwd: surroundings.cwd,
    environment: surroundings.environment,
    readStdin: surroundings.readStdin,
    openLines: surroundings.openLines,
    get signal() {
      return surroundings.signal;
    },
    client: () => connect(parsed.globals),
  };
  const { ca } = parsed.globals;
  if (command.reaches === "agents" && ca !== undefined) await trustAuthorities(ca);
  return command.run(invocation);
};

const runGroup = async (group: string, words: readonly string[], output: Output): Promise<number> => {
  if (!words.includes("--help") && !words.includes("-h"))
    throw new UsageError(`${group}: a command is missing: ${verbsOf(group).join(", ")}`);
  output.line(groupHelp(group, VERB_GROUPS[group] ?? "", await loadAllCommands()).trimEnd());
  return 0;
};

const runWithoutVerb = async (
  words: readonly string[],
  output: Output,
  surroundings: Surroundings,
): Promise<number> => {
  if (words.includes("--version")) {
    const version = await loadCommand("version");
    const others = words.filter((word) => word !== "--version");
    return version === undefined ? 1 : runVerb(version, others, output, surroundings);
  }
  if (words.includes("--help") || words.includes("-h")) {
    output.line(generalHelp(await loadAllCommands()).trimEnd());
    return 0;
  }
  throw new UsageError(words.length === 0 ? "a command is missing" : `${words.join(" ")}: a command is missing`);
};

const suggestion = (verb: string): string => {
  const closest = closestTo(verb, VERBS);
  return closest === undefined ? "" : `; did you mean "${closest}"?`;
};

const helpOf = (verb: string | undefined): string =>
  verb !== undefined && (VERBS.includes(verb) || Object.hasOwn(VERB_GROUPS, verb))
    ? `agentcore ${verb} --help`
    : "agentcore --help";
