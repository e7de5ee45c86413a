/** From the words of a command line to a verb's arguments and options. */
import { parseArgs } from "node:util";
import {
  type Command,
  GLOBAL_OPTIONS,
  type GlobalOptions,
  globalOptionsOf,
  type OptionSpec,
  type OptionSpecs,
  OUTPUT_FORMATS,
} from "./command.ts";
import { UsageError } from "./usage-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Value = string | boolean | readonly string[] | undefined;

/** The first word that is neither a global option nor a global option's value, and all the others. */
export const splitVerb = (words: readonly string[]): { verb: string | undefined; rest: readonly string[] } => {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (!word.startsWith("-") || word === "-") return { verb: word, rest: words.toSpliced(index, 1) };
    if (takesNextWord(word)) index += 1;
  }
  return { verb: undefined, rest: words };
};

const takesNextWord = (word: string): boolean =>
  Object.entries<OptionSpec>(GLOBAL_OPTIONS).some(
    ([name, spec]) => spec.type === "string" && (word === `--${name}` || word === `-${spec.short}`),
  );

export interface ParsedCommandLine {
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, Value>>;
  readonly globals: GlobalOptions;
  readonly wantsHelp: boolean;
}

/** Throws a UsageError on an unknown option, a missing value, a missing or superfluous argument. */
export const parseCommandLine = (
  command: Command,
  words: readonly string[],
  environment: Environment,
): ParsedCommandLine => {
  const specs: OptionSpecs = { ...globalOptionsOf(command), ...command.options };
  const { values, positionals } = parseWords(specs, words);
  const resolved = Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, resolve(spec, values[name], environment)]),
  );
  const wantsHelp = resolved["help"] === true;
  if (!wantsHelp) checkArguments(command, positionals);
  return {
    arguments: positionals,
    options: Object.fromEntries(Object.keys(command.options).map((name) => [name, resolved[name]])),
    globals: globalsOf(resolved),
    wantsHelp,
  };
};

const parseWords = (specs: OptionSpecs, words: readonly string[]) => {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type, short, multiple }]) => [
      name,
      { type, ...(short === undefined ? {} : { short }), ...(multiple === undefined ? {} : { multiple }) },
    ]),
  );
  try {
    return parseArgs({ args: [...words], options, strict: true, allowPositionals: true });
  } catch (error) {
    // Node's messages end in advice about `--` on a second sentence or line; the first sentence says what is wrong.
    const message = error instanceof Error ? error.message : String(error);
    const ambiguous = /^Option '(-[^']*)' argument is ambiguous/.exec(message)?.[1];
    if (ambiguous !== undefined)
      throw new UsageError(`${ambiguous} needs a value; one that begins with "-" is written ${ambiguous}=VALUE`);
    throw new UsageError(message.split(/\n|\. /)[0]?.replace(/\.$/, "") ?? message);
  }
};

const resolve = (spec: OptionSpec, given: unknown, environment: Environment): Value => {
  if (given !== undefined) return given as Value;
  const fromEnvironment = spec.env === undefined ? undefined : environment[spec.env];
  if (spec.type === "boolean") return isOn(spec.env, fromEnvironment);
  // An empty variable counts as unset, as a shell's `VAR= command` means it.
  const value = fromEnvironment === undefined || fromEnvironment === "" ? spec.default : fromEnvironment;
  if (spec.multiple) return value === undefined ? [] : [value];
  return value;
};

/** What is neither yes nor no is refused: the wrong half of the cases would be a hole. */
const isOn = (name: string | undefined, value: string | undefined): boolean => {
  if (value === "true" || value === "1") return true;
  if (value === undefined || value === "" || value === "false" || value === "0") return false;
  throw new UsageError(`${name}: expected true or false`);
};

const checkArguments = (command: Command, given: readonly string[]): void => {
  const missing = command.arguments.find((spec, index) => !spec.optional && given[index] === undefined);
  if (missing !== undefined) throw new UsageError(`${missing.name} is missing: ${missing.description}`);
  for (const [index, spec] of command.arguments.entries()) {
    const value = given[index];
    if (value !== undefined && spec.choices !== undefined && !spec.choices.includes(value)) {
      throw new UsageError(`"${value}" is not a ${spec.name}: expected ${spec.choices.join(", ")}`);
    }
  }
  const takesRest = command.arguments.at(-1)?.rest === true;
  const superfluous = given[command.arguments.length];
  if (superfluous !== undefined && !takesRest) {
    throw new UsageError(`unexpected argument "${superfluous}"`);
  }
};

const globalsOf = (values: Readonly<Record<string, Value>>): GlobalOptions => {
  const format = OUTPUT_FORMATS.find((name) => name === values["output"]);
  if (format === undefined) {
    throw new UsageError(`-o ${String(values["output"])}: expected ${OUTPUT_FORMATS.join(", ")}`);
  }
  const url = String(values["url"] ?? GLOBAL_OPTIONS.url.default);
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw new UsageError(`--url ${url}: expected an address such as http://127.0.0.1:4700`);
  }
  const apiKey = values["api-key"];
  const { ca } = values;
  return {
    url: url.replace(/\/+$/, ""),
    ca: typeof ca === "string" ? ca : undefined,
    apiKey: typeof apiKey === "string" ? apiKey : undefined,
    format,
    verbose: values["verbose"] === true,
  };
};
