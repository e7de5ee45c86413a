/** What a verb is made of. Parsing, help, completion and docs/cli.md are all derived from these values. */
import type { TaskState } from "@agentcore/contract";
import type { LineReader } from "./line-reader.ts";
import type { NodeClient } from "./node/node-client.ts";
import type { Output } from "./output.ts";

/** What a shell offers where the cursor is: these words, paths, or names that the node knows. */
export type Completes =
  | readonly string[]
  | "path"
  | "agent"
  | "workflow"
  | "model"
  | "model or agent"
  | "schedule"
  | "tool"
  | "tenant"
  | "manifest"
  | "node"
  /** Ids of tasks in these states. @default undefined: any */
  | { readonly tasks: readonly TaskState[] | undefined };

export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly multiple?: true;
  /** What stands for the value in help, for example `FILE|DIR`. */
  readonly value?: string;
  /** With the unit of the value, if it has one. */
  readonly description: string;
  readonly default?: string;
  /** Environment variable that is read when the option is not given. */
  readonly env?: string;
  /** A list of values is split at commas. */
  readonly completes?: Completes;
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type OptionValue<Spec extends OptionSpec> = Spec extends { readonly type: "boolean" }
  ? boolean
  : Spec extends { readonly multiple: true }
    ? readonly string[]
    : Spec extends { readonly default: string }
      ? string
      : string | undefined;

/** The option on the command line, else its environment variable, else its default. */
export type OptionValues<Specs extends OptionSpecs> = { readonly [Name in keyof Specs]: OptionValue<Specs[Name]> };

export interface ArgumentSpec {
  /** In capitals, as in help. */
  readonly name: string;
  readonly description: string;
  readonly optional?: true;
  /** Takes all that follow; only for the last one. */
  readonly rest?: true;
  readonly choices?: readonly string[];
  /** `first`: names of what the first argument says. */
  readonly completes?: Completes | "first";
}

export interface Example {
  readonly command: string;
  readonly explanation: string;
}

export interface Invocation<Specs extends OptionSpecs = OptionSpecs> {
  readonly arguments: readonly string[];
  readonly options: OptionValues<Specs>;
  readonly globals: GlobalOptions;
  readonly output: Output;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readStdin: () => Promise<string>;
  /** Where somebody types at a terminal. @default nobody does */
  readonly openLines?: (() => LineReader) | undefined;
  /** Aborts on Ctrl-C and on SIGTERM. */
  readonly signal: AbortSignal;
  /** A client of the node at `--url`. Does not connect before its first call. */
  readonly client: () => Promise<NodeClient>;
}

/** Exit codes: 0 done, 1 failed. A wrong command line is thrown as a UsageError and exits with 2. */
export type ExitCode = 0 | 1;

export interface Command<Specs extends OptionSpecs = OptionSpecs> {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** Paragraphs below the usage in help. */
  readonly details?: readonly string[];
  readonly arguments: readonly ArgumentSpec[];
  readonly options: Specs;
  /** `agents`: those of its argument, of any platform, and not the node at `--url`. @default node */
  readonly reaches?: "node" | "agents";
  /** Environment variables without an option of their own, each with what it means. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly examples: readonly [Example, Example, Example, ...Example[]];
  run(invocation: Invocation<Specs>): Promise<ExitCode>;
}

export const defineCommand = <const Specs extends OptionSpecs>(command: Command<Specs>): Command<Specs> => command;

export const OUTPUT_FORMATS = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const GLOBAL_OPTIONS = {
  url: {
    type: "string",
    value: "URL",
    description: "Address of the node",
    default: "http://127.0.0.1:4700",
    env: "AGENTCORE_URL",
  },
  ca: {
    type: "string",
    value: "FILE",
    description: "Authorities in PEM form that may have signed the server's certificate, besides the system's",
    completes: "path",
    env: "AGENTCORE_CA",
  },
  "api-key": { type: "string", value: "KEY", description: "Key that the node asks for", env: "AGENTCORE_API_KEY" },
  output: {
    type: "string",
    short: "o",
    value: "table|json|yaml",
    description: "Form of the data",
    default: "table",
    completes: OUTPUT_FORMATS,
  },
  verbose: { type: "boolean", description: "Also print the stack of an error, and debug messages of a node" },
  help: { type: "boolean", short: "h", description: "Print help" },
} as const satisfies OptionSpecs;

/** The global options that a command takes: what would mean nothing to it is refused. */
export const globalOptionsOf = ({ reaches }: Pick<Command, "reaches">): OptionSpecs => {
  if (reaches !== "agents") return GLOBAL_OPTIONS;
  const { url: _url, "api-key": _apiKey, ...others } = GLOBAL_OPTIONS;
  return others;
};

export interface GlobalOptions {
  readonly url: string;
  /** Path as given. */
  readonly ca: string | undefined;
  readonly apiKey: string | undefined;
  readonly format: OutputFormat;
  readonly verbose: boolean;
}
