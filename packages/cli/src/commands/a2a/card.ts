import {
  CREDENTIAL_OPTIONS,
  readAddress,
  readChoice,
  readCredentialOrigins,
  readCredentials,
  URL_ARGUMENT,
} from "../../a2a/server-options.ts";
import { createSignatureVerifier } from "../../a2a/signature-verifier.ts";
import { defineCommand } from "../../command.ts";
import { formatFields } from "../../format-table.ts";
import { isRecord } from "../../is-record.ts";

export const command = defineCommand({
  name: "a2a card",
  summary: "Fetch an agent's card, and say whether it is a valid one",
  details: [
    "Ends with 1 when the card has a member too many or too few, or when --jwks is given and no signature verifies.",
  ],
  reaches: "agents",
  arguments: [URL_ARGUMENT],
  options: {
    version: {
      type: "string",
      value: "VERSION",
      description: "The card for clients of this version of the protocol",
      default: "1.0",
      completes: ["1.0", "0.3"],
    },
    extended: { type: "boolean", description: "The card that the agent shows to callers it knows" },
    jwks: {
      type: "string",
      value: "URL|FILE",
      description: "Keys that a signature of the card has to verify with",
      completes: "path",
    },
    ...CREDENTIAL_OPTIONS,
  },
  examples: [
    { command: "agentcore a2a card http://127.0.0.1:4700/a2a/greeter", explanation: "What the agent says of itself" },
    {
      command: "agentcore a2a card https://agents.example.com/.well-known/agent-card.json --jwks keys.json",
      explanation: "Whether its owner has signed it",
    },
    {
      command: "agentcore a2a card https://agents.example.com --extended --bearer-env TOKEN -o json",
      explanation: "The extended card, as JSON",
    },
  ],
  async run({ arguments: [url = ""], options, globals, output, environment, cwd, signal }) {
    const address = readAddress(url);
    const credentials = readCredentials(options, environment);
    const credentialOrigins = readCredentialOrigins(options);
    const { inspectCard, PROTOCOL_VERSIONS } = await import("@agentcore/a2a/verify");
    const version = readChoice("--version", options.version, PROTOCOL_VERSIONS);
    const found = await inspectCard({
      ...{ url: address, version, extended: options.extended, credentials, credentialOrigins, signal },
    });
    const { card, violations } = found;
    const isSigned = Array.isArray(card["signatures"]) && card["signatures"].length > 0;
    const wrong =
      options.jwks === undefined || !isSigned
        ? undefined
        : await (await createSignatureVerifier(options.jwks, { cwd, signal }))(card);
    const signatures = !isSigned
      ? "none"
      : options.jwks === undefined
        ? "not checked, for want of --jwks"
        : (wrong ?? "verified");
    const value = { url: found.url, valid: violations === undefined, violations, signatures, card };
    await output.data(globals.format, value, () => table(found.url, card, violations, signatures));
    return violations !== undefined || (options.jwks !== undefined && signatures !== "verified") ? 1 : 0;
  },
});

const table = (
  url: string,
  card: Readonly<Record<string, unknown>>,
  violations: string | undefined,
  signatures: string,
): string =>
  formatFields([
    ["card", url],
    ["name", text(card["name"])],
    ["description", text(card["description"])],
    ["version", text(card["version"])],
    ...list(card["supportedInterfaces"]).map(
      (each) =>
        [
          "interface",
          `${text(each["protocolBinding"])} ${text(each["protocolVersion"])} ${text(each["url"])}`,
        ] as const,
    ),
    ...(typeof card["url"] === "string"
      ? [
          [
            "interface",
            `${text(card["preferredTransport"] ?? "JSONRPC")} ${text(card["protocolVersion"])} ${card["url"]}`,
          ] as const,
        ]
      : []),
    ["capabilities", capabilities(card["capabilities"])],
    ...list(card["skills"]).map((each) => ["skill", `${text(each["id"])}: ${text(each["description"])}`] as const),
    ["valid", violations ?? "yes"],
    ["signatures", signatures],
  ]);

const text = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
const list = (value: unknown) => (Array.isArray(value) ? value.filter(isRecord) : []);
const capabilities = (value: unknown): string =>
  Object.entries(isRecord(value) ? value : {})
    .flatMap(([name, each]) => (each === true ? [name] : []))
    .join(", ");
