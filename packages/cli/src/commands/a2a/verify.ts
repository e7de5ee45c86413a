import type { CheckResult, PushReceiver, VerifyMessages, VerifyReport } from "@agentcore/a2a/verify";
import { PlatformError } from "@agentcore/contract/errors";
import { readMessage } from "../../a2a/read-message.ts";
import {
  CREDENTIAL_OPTIONS,
  OTHER_CREDENTIAL_OPTIONS,
  readAddress,
  readChoice,
  readCredentialOrigins,
  readCredentials,
  readOtherCredentials,
  URL_ARGUMENT,
} from "../../a2a/server-options.ts";
import { createSignatureVerifier } from "../../a2a/signature-verifier.ts";
import { defineCommand, type Invocation } from "../../command.ts";
import { formatTable } from "../../format-table.ts";
import { readCount } from "../../read-count.ts";
import { UsageError } from "../../usage-error.ts";

const MESSAGE = "TEXT|@FILE";

export const command = defineCommand({
  name: "a2a verify",
  summary: "Check any A2A server against the protocol, and print what it breaks",
  details: [
    "Sends right and wrong requests to every interface that the card names, and compares the answers with A2A 1.0.1. A check that needs something that was not given is shown as skipped, with what it needs. Tasks that it leaves at work are canceled at the end.",
    "The agent works for real: give messages that cost little. About 150 are sent to each interface, most of which a correct server refuses.",
    "Ends with 1 when the server breaks a must, or when there was no time for a check; what it should or may do is a warning.",
  ],
  reaches: "agents",
  arguments: [URL_ARGUMENT],
  options: {
    message: {
      type: "string",
      short: "m",
      value: MESSAGE,
      description: "A message that makes a task complete; @FILE holds text, parts, or a Message",
      default: "hello",
    },
    "input-required-message": { type: "string", value: MESSAGE, description: "One that makes the agent ask back" },
    "long-message": { type: "string", value: MESSAGE, description: "One that keeps a task at work for 10 s or more" },
    "fail-message": { type: "string", value: MESSAGE, description: "One that makes a task fail" },
    binding: {
      type: "string",
      value: "BINDING",
      multiple: true,
      description: "Only this binding: JSONRPC, HTTP+JSON or GRPC",
      completes: ["JSONRPC", "HTTP+JSON", "GRPC"],
    },
    version: {
      type: "string",
      value: "VERSION",
      multiple: true,
      description: "Only this version of the protocol: 1.0 or 0.3",
      completes: ["1.0", "0.3"],
    },
    only: {
      type: "string",
      value: "ID",
      multiple: true,
      description: "Only this check, or those whose ids begin with ID/",
    },
    receiver: {
      type: "boolean",
      description: "Listen on this machine for push notifications, which the server has to be allowed to send here",
    },
    jwks: {
      type: "string",
      value: "URL|FILE",
      description: "Keys that a signature of the card has to verify with",
      completes: "path",
    },
    timeout: { type: "string", value: "SECONDS", description: "How long one check may take", default: "15" },
    "total-timeout": { type: "string", value: "SECONDS", description: "How long all of them may take", default: "600" },
    "max-tasks": { type: "string", value: "NUMBER", description: "Messages that may start a task", default: "400" },
    all: { type: "boolean", description: "Print what passed and what was skipped too" },
    ...CREDENTIAL_OPTIONS,
    ...OTHER_CREDENTIAL_OPTIONS,
  },
  examples: [
    { command: "agentcore a2a verify http://127.0.0.1:4700/a2a/greeter", explanation: "An agent of this node" },
    {
      command:
        'agentcore a2a verify https://agents.example.com -m "say hi" --long-message "count to 1000" --bearer-env TOKEN',
      explanation: "An agent elsewhere, with a message for what takes time",
    },
    {
      command: "agentcore a2a verify http://127.0.0.1:8080 --only CORE-ERR-002 --binding JSONRPC -o json",
      explanation: "One requirement, for a program",
    },
  ],
  async run({ arguments: [url = ""], options, globals, output, environment, cwd, readStdin, signal }) {
    const address = readAddress(url);
    const credentials = readCredentials(options, environment);
    const credentialOrigins = readCredentialOrigins(options);
    const otherCredentials = readOtherCredentials(options, environment);
    const seconds = (option: "timeout" | "total-timeout") => readCount(options[option], `--${option}`, 1) * 1_000;
    const checkTimeoutMs = seconds("timeout");
    const totalTimeoutMs = seconds("total-timeout");
    const maxTasks = readCount(options["max-tasks"], "--max-tasks", 1);
    const messages = await readMessages(options, { cwd, readStdin });
    const { ALL_CHECKS, BINDINGS, isAsked, PROTOCOL_VERSIONS, startPushReceiver, verifyServer } = await import(
      "@agentcore/a2a/verify"
    );
    for (const asked of options.only)
      if (!ALL_CHECKS.some(({ id }) => isAsked(id, [asked])))
        throw new UsageError(`--only ${asked}: there is no such check; --all prints the ids of those there are`);
    const some = <Choice extends string>(option: string, given: readonly string[], choices: readonly Choice[]) =>
      given.length === 0 ? undefined : given.flatMap((each) => readChoice(option, each, choices) ?? []);
    const bindings = some("--binding", options.binding, BINDINGS);
    const versions = some("--version", options.version, PROTOCOL_VERSIONS);
    const verifySignatures =
      options.jwks === undefined ? undefined : await createSignatureVerifier(options.jwks, { cwd, signal });
    let receiver: PushReceiver | undefined;
    try {
      receiver = options.receiver ? await startPushReceiver("127.0.0.1") : undefined;
      let count = 0;
      const report = await verifyServer({
        ...{
          url: address,
          messages,
          credentials,
          otherCredentials,
          credentialOrigins,
          bindings,
          versions,
          receiver,
          verifySignatures,
          signal,
        },
        ...{ checkTimeoutMs, totalTimeoutMs, maxTasks },
        only: options.only.length === 0 ? undefined : options.only,
        onResult: ({ id, binding }) => {
          count += 1;
          output.progress(`${count} ${id} ${binding ?? ""}`.trimEnd());
        },
      }).catch((error: unknown) => {
        // A binding or a version that the card does not have. What the server does wrong ends with 1, this does not.
        throw PlatformError.is(error) && error.code === "INVALID_ARGUMENT" ? new UsageError(error.message) : error;
      });
      output.hideProgress();
      if (report.results.length === 0)
        throw new UsageError(
          `--only ${options.only.join(" ")}: no such check is for ${names(report.interfaces) || "this card"}`,
        );
      await output.data(globals.format, report, () => table(report, options.all));
      // What was not looked at is not known to be in order.
      const isGood = report.violations === 0 && report.notReached === 0;
      if (globals.format === "table") output.say(summary(report), isGood ? "green" : "red");
      return isGood ? 0 : 1;
    } finally {
      await receiver?.close();
    }
  },
});

type MessageOptions = Readonly<
  Record<"message", string> & Record<"input-required-message" | "long-message" | "fail-message", string | undefined>
>;

const readMessages = async (
  options: MessageOptions,
  context: Pick<Invocation, "cwd" | "readStdin">,
): Promise<VerifyMessages> => {
  const read = async (text: string | undefined) => (text === undefined ? undefined : readMessage(text, context));
  return {
    complete: await readMessage(options.message, context),
    inputRequired: await read(options["input-required-message"]),
    long: await read(options["long-message"]),
    fail: await read(options["fail-message"]),
  };
};

const table = ({ results, passed }: VerifyReport, all: boolean): string => {
  const shown = all ? results : results.filter(({ result }) => result === "failed");
  if (shown.length === 0) return passed === 0 ? "nothing could be checked" : "nothing is broken";
  const sections = [...new Set(shown.map(({ section }) => section))];
  return sections
    .map((section) => {
      const rows = shown.filter((result) => result.section === section).map(row);
      return `${section}\n${formatTable(["id", "binding", "version", "result", "what", "seen", "expected"], rows)}`;
    })
    .join("\n\n");
};

const row = (check: CheckResult) => [
  check.id,
  check.binding,
  check.version,
  check.result === "failed" && check.severity !== "must" ? "warning" : check.result,
  check.title,
  check.seen ?? check.why,
  check.expected,
];

const names = (interfaces: VerifyReport["interfaces"]): string =>
  interfaces.map(({ binding, version }) => `${binding} ${version}`).join(", ");

const summary = ({ interfaces, unchecked, violations, warnings, passed, skipped, notReached }: VerifyReport) => {
  const where = names(interfaces) || "no interface";
  const hint = skipped > 0 ? " (--all shows why)" : "";
  const late = notReached > 0 ? `; for ${notReached} of them there was no time (--total-timeout)` : "";
  return `${where}: ${violations} broken, ${warnings} warnings, ${passed} kept, ${skipped} skipped${hint}${late}${
    unchecked.length === 0 ? "" : `; there are no checks for ${names(unchecked)}`
  }`;
};
