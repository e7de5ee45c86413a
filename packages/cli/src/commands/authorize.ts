import type { AuthorizationDecision } from "@agentcore/contract";
import { taskArgument } from "../arguments.ts";
import { defineCommand, type Invocation } from "../command.ts";
import { UsageError } from "../usage-error.ts";

// As the contract has them, which would load its schemas for the sake of help.
const TYPES = ["bearer", "apiKey", "basic", "other"] as const satisfies readonly Type[];
type Type = NonNullable<AuthorizationDecision["credential"]>["type"];

const OPTIONS = {
  name: { type: "string", value: "NAME", description: "Which access, when the task has asked for several" },
  reference: {
    type: "string",
    value: "REFERENCE",
    description:
      "Which question, when the task has asked for that access before; `describe task` shows it with the question",
  },
  "credential-env": {
    type: "string",
    value: "VAR",
    description: "Grant it, with the secret in this environment variable",
  },
  "credential-stdin": { type: "boolean", description: "Grant it, with the secret on the standard input" },
  "without-credential": {
    type: "boolean",
    description: "Grant it: access was given elsewhere, for example by consent at the address that the task names",
  },
  deny: { type: "string", value: "REASON", description: "Refuse it" },
  type: {
    type: "string",
    value: TYPES.join("|"),
    completes: TYPES,
    description: "What the secret is",
    default: "bearer",
  },
  expires: {
    type: "string",
    value: "DURATION",
    description:
      "How long it is good for, such as 15m, 12h or 30d, and never longer than the agent asked for (default: what the agent asked for; else a day for a secret, for good with --without-credential)",
  },
} as const;

const ANSWERS = ["credential-env", "credential-stdin", "without-credential", "deny"] as const;

export const command = defineCommand({
  name: "authorize",
  summary: "Grant or refuse the access that a task waits for",
  details: [
    "Done when the decision is recorded; it stands. A secret is never taken from the command line, where others could see it, and never shown again.",
    "With --reference nothing is granted but the question that was read; the same decision again then does nothing.",
    "The agent reads the secret in its steps until it expires; when the task ends it is removed.",
  ],
  arguments: [taskArgument("auth-required")],
  options: OPTIONS,
  examples: [
    {
      command: "agentcore get tasks --state auth-required",
      explanation: "What waits for access; `describe task` says for which",
    },
    {
      command: "agentcore authorize 0198c7 --credential-env GITHUB_TOKEN --expires 1h",
      explanation: "Grant it for an hour",
    },
    {
      command: "pass show github | agentcore authorize 0198c7 --credential-stdin",
      explanation: "Grant it with a secret from elsewhere",
    },
    { command: "agentcore authorize 0198c7 --without-credential", explanation: "Say that consent was given" },
    { command: 'agentcore authorize 0198c7 --name jira --deny "not this board"', explanation: "Refuse one of several" },
  ],
  async run(invocation) {
    const {
      arguments: [taskId = ""],
      options,
      globals,
      output,
    } = invocation;
    const decision = await decisionOf(invocation);
    await (await invocation.client()).authorize(taskId, decision);
    const isGranted = decision.deny === undefined;
    const access = options.name === undefined ? "access" : `access to ${options.name}`;
    await output.data(globals.format, { taskId, granted: isGranted }, () =>
      isGranted ? `granted ${access} for ${taskId}` : `refused ${access} for ${taskId}`,
    );
    return 0;
  },
});

const decisionOf = async (invocation: Invocation<typeof OPTIONS>): Promise<AuthorizationDecision> => {
  const { options, environment, readStdin } = invocation;
  const given = ANSWERS.filter((answer) => options[answer] !== undefined && options[answer] !== false);
  if (given.length !== 1)
    throw new UsageError(`expected one of ${ANSWERS.map((answer) => `--${answer}`).join(", ")}, got ${given.length}`);
  const question = {
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.reference === undefined ? {} : { reference: options.reference }),
  };
  if (options.deny !== undefined) {
    if (options.expires !== undefined) throw new UsageError("--expires says nothing about what is refused");
    return { ...question, deny: options.deny };
  }
  const expires = options.expires === undefined ? {} : { expiresInMs: await durationOf(options.expires) };
  if (options["without-credential"]) return { ...question, ...expires };
  const variable = options["credential-env"];
  const value = (variable === undefined ? await readStdin() : (environment[variable] ?? "")).replace(/\r?\n$/, "");
  if (value === "")
    throw new UsageError(variable === undefined ? "the standard input is empty" : `the environment has no ${variable}`);
  const type = TYPES.find((known) => known === options.type);
  if (type === undefined) throw new UsageError(`--type: expected ${TYPES.join(", ")}, got ${options.type}`);
  return { ...question, ...expires, credential: { type, value } };
};

const durationOf = async (text: string): Promise<number> => {
  const { parseDuration } = await import("@agentcore/contract");
  const ms = parseDuration(text);
  if (ms === null)
    throw new UsageError(`--expires: expected a whole number with s, m, h or d, such as 90s, 15m or 12h, got ${text}`);
  return ms;
};
