/** What may stand where the cursor is: the answer of the hidden verb that the shells' scripts ask. */
import { parseArgs } from "node:util";
import {
  type Command,
  type Completes,
  GLOBAL_OPTIONS,
  type GlobalOptions,
  globalOptionsOf,
  type OptionSpec,
  type OptionSpecs,
} from "../command.ts";
import { findVerb, loadAllCommands, loadCommand, VERB_GROUPS } from "../command-table.ts";
import type { NodeClient } from "../node/node-client.ts";
import { toPlainText } from "../plain-text.ts";

// Somebody has pressed a key and looks at the screen.
const PATIENCE_MS = 1_000;
// More than a screen of tasks is not read, and ids are typed by their first letters.
const TASK_LIMIT = 50;

interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What to offer; `files`: the shell's own completion of paths as well. */
interface Offer {
  readonly candidates: readonly Candidate[];
  readonly files: boolean;
}

export interface Asked {
  /** The words after `agentcore`, the last one being typed and perhaps empty. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly connect: (node: Pick<GlobalOptions, "url" | "apiKey" | "ca">) => Promise<NodeClient>;
}

/** A candidate a line with a tab before its description, `:files` where paths fit. Never rejects: no candidates, no harm. */
export const completeWords = async (asked: Asked): Promise<string> => {
  const current = asked.words.at(-1) ?? "";
  const { candidates, files } = await offer(asked, current).catch((): Offer => NOTHING);
  return [
    ...candidates
      .filter(({ value }) => value.startsWith(current))
      .map(({ value, description }) => `${value}\t${toPlainText(description)}\n`),
    ...(files ? [":files\n"] : []),
  ].join("");
};

const NOTHING: Offer = { candidates: [], files: false };

const offer = async (asked: Asked, current: string): Promise<Offer> => {
  const before = asked.words.slice(0, -1);
  const { verb, rest } = findVerb(before);
  if (verb === undefined)
    return current.startsWith("-") ? listed(flagsOf(GLOBAL_OPTIONS, before)) : listed(await verbs());
  if (Object.hasOwn(VERB_GROUPS, verb)) return current.startsWith("-") ? NOTHING : listed(await verbs(verb));
  const command = await loadCommand(verb);
  if (command === undefined) return NOTHING;
  const specs: OptionSpecs = { ...command.options, ...globalOptionsOf(command) };

  const [, name, value] = /^--([^=]+)=(.*)$/s.exec(current) ?? [];
  if (name !== undefined) return withPrefix(`--${name}=`, await ofOption(asked, specs[name], value ?? ""));
  const awaiting = optionAwaitingValue(specs, before.at(-1));
  if (awaiting !== undefined) return ofOption(asked, awaiting, current);
  if (current.startsWith("-")) return listed(flagsOf(specs, before));
  return ofArgument(asked, command, rest, specs);
};

const listed = (candidates: readonly Candidate[]): Offer => ({ candidates, files: false });

const plain = (values: readonly string[]): readonly Candidate[] => values.map((value) => ({ value, description: "" }));

const withPrefix = (prefix: string, { candidates, files }: Offer): Offer => ({
  candidates: candidates.map((candidate) => ({ ...candidate, value: prefix + candidate.value })),
  files,
});

/** First words, or the second ones of a group. */
const verbs = async (group?: string): Promise<readonly Candidate[]> => {
  const found = new Map<string, string>();
  for (const { name, summary } of await loadAllCommands()) {
    const [first = "", second] = name.split(" ");
    if (group === undefined) found.set(first, second === undefined ? summary : (VERB_GROUPS[first] ?? ""));
    else if (first === group && second !== undefined) found.set(second, summary);
  }
  return [...found].map(([value, description]) => ({ value, description }));
};

/** Those that are not there yet, or may be there again. */
const flagsOf = (options: OptionSpecs, before: readonly string[]): readonly Candidate[] =>
  Object.entries(options)
    .filter(([name, { short, multiple }]) => multiple || !isGiven(before, name, short))
    .map(([name, { description }]) => ({ value: `--${name}`, description }));

const isGiven = (before: readonly string[], name: string, short: string | undefined): boolean =>
  before.some((word) => word === `--${name}` || word.startsWith(`--${name}=`) || word === `-${short}`);

const optionAwaitingValue = (specs: OptionSpecs, previous: string | undefined): OptionSpec | undefined =>
  Object.entries(specs).find(
    ([name, { type, short }]) => type === "string" && (previous === `--${name}` || previous === `-${short}`),
  )?.[1];

const ofOption = async (asked: Asked, spec: OptionSpec | undefined, current: string): Promise<Offer> => {
  if (spec?.completes === undefined) return NOTHING;
  // A list: what is being typed is its last member.
  const typed = current.slice(0, current.lastIndexOf(",") + 1);
  return withPrefix(typed, await resolve(asked, spec.completes));
};

const ofArgument = (
  asked: Asked,
  command: Command,
  rest: readonly string[],
  specs: OptionSpecs,
): Promise<Offer> | Offer => {
  const { positionals } = parseLoosely(specs, rest);
  const last = command.arguments.at(-1);
  const spec = command.arguments[positionals.length] ?? (last?.rest ? last : undefined);
  if (spec?.choices !== undefined) return listed(plain(spec.choices));
  if (spec?.completes === undefined) return NOTHING;
  return resolve(asked, spec.completes === "first" ? sourceNamed(positionals[0]) : spec.completes);
};

/** `get tasks …` and `describe task …` go on with what the first argument names. */
const sourceNamed = (kind = ""): Completes => {
  switch (kind.replace(/s$/, "")) {
    case "agent":
      return "agent";
    case "workflow":
      return "workflow";
    case "task":
      return { tasks: undefined };
    case "model":
      return "model";
    case "node":
      return "node";
    case "schedule":
      return "schedule";
    case "tool":
      return "tool";
    case "tenant":
      return "tenant";
    default:
      return "manifest";
  }
};

const parseLoosely = (specs: OptionSpecs, words: readonly string[]) =>
  parseArgs({
    args: [...words],
    strict: false,
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { type, short, multiple }]) => [
        name,
        { type, ...(short !== undefined && { short }), ...(multiple !== undefined && { multiple }) },
      ]),
    ),
  });

const resolve = async (asked: Asked, completes: Completes): Promise<Offer> => {
  if (completes === "path") return { candidates: [], files: true };
  if (typeof completes === "object" && !("tasks" in completes)) return listed(plain(completes));
  const { values } = parseLoosely(GLOBAL_OPTIONS, asked.words);
  const globalOption = (name: "url" | "api-key" | "ca"): string | undefined => {
    const { env } = GLOBAL_OPTIONS[name];
    const given = values[name];
    return typeof given === "string" ? given : asked.environment[env] || undefined;
  };
  const client = await asked.connect({
    url: globalOption("url") ?? GLOBAL_OPTIONS.url.default,
    apiKey: globalOption("api-key"),
    ca: globalOption("ca"),
  });
  return listed(await inTime(fromNode(client, completes)));
};

const fromNode = async (
  client: NodeClient,
  source: Exclude<Completes, "path" | readonly string[]>,
): Promise<readonly Candidate[]> => {
  if (typeof source === "object") {
    const tasks = await client.tasks({ states: source.tasks, limit: TASK_LIMIT });
    return tasks.map(({ id, agent, state }) => ({ value: id, description: `${agent}, ${state}` }));
  }
  if (source === "model or agent") {
    const [models, agents] = await Promise.all([client.models(), client.agents()]);
    return [
      // What stands for all models of a provider is no name.
      ...models
        .filter(({ name }) => !name.endsWith("/…"))
        .map(({ name, model = "" }) => ({ value: name, description: model })),
      ...agents.map(({ name, description }) => ({ value: `agent/${name}`, description })),
    ];
  }
  if (source === "agent") return (await client.agents()).map(({ name, description }) => ({ value: name, description }));
  if (source === "workflow")
    return (await client.workflows()).map(({ name, description }) => ({ value: name, description }));
  if (source === "node")
    return (await client.nodes()).map(({ name, state, tasks }) => ({
      value: name,
      description: `${state}, ${tasks} tasks`,
    }));
  const manifests = await client.manifests();
  return manifests
    .filter(({ kind }) => source === "manifest" || kind.toLowerCase() === source)
    .map(({ name, kind }) => ({ value: name, description: kind }));
};

const inTime = (found: Promise<readonly Candidate[]>): Promise<readonly Candidate[]> =>
  Promise.race([
    found,
    new Promise<readonly Candidate[]>((settle) =>
      AbortSignal.timeout(PATIENCE_MS).addEventListener("abort", () => settle([])),
    ),
  ]);
