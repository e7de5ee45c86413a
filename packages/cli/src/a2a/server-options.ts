/** Options of the commands that talk to a server of anybody's, and what they read from the environment. */
import type { Invocation, OptionSpecs } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export const CREDENTIAL_OPTIONS = {
  "bearer-env": { type: "string", value: "VARIABLE", description: "Environment variable that holds a bearer token" },
  "api-key-env": {
    type: "string",
    value: "VARIABLE",
    description: "Environment variable that holds an API key; it goes into the header that the card names",
  },
  "credential-origin": {
    type: "string",
    value: "URL",
    multiple: true,
    description: "Another origin that the card may send the credential to; else that of the agent's address only",
  },
} as const satisfies OptionSpecs;

export const INTERFACE_OPTIONS = {
  binding: {
    type: "string",
    value: "BINDING",
    description: "JSONRPC, HTTP+JSON or GRPC; else the first that the card names",
    completes: ["JSONRPC", "HTTP+JSON", "GRPC"],
  },
  version: {
    type: "string",
    value: "VERSION",
    description: "Of the protocol, 1.0 or 0.3; else the newest that the card names",
    completes: ["1.0", "0.3"],
  },
} as const satisfies OptionSpecs;

export const URL_ARGUMENT = { name: "URL", description: "Address of the agent, or of its card" } as const;

/** Secrets come from the environment only, where neither `ps` nor the shell's history shows them. */
export const readCredentials = (
  options: { readonly "bearer-env": string | undefined; readonly "api-key-env": string | undefined },
  environment: Invocation["environment"],
) => ({
  bearer: readVariable("--bearer-env", options["bearer-env"], environment),
  apiKey: readVariable("--api-key-env", options["api-key-env"], environment),
});

/** Throws a UsageError. */
export const readCredentialOrigins = (options: {
  readonly "credential-origin": readonly string[];
}): readonly string[] => options["credential-origin"].map((text) => new URL(readAddress(text)).origin);

/** Those of a second caller. */
export const OTHER_CREDENTIAL_OPTIONS = {
  "other-bearer-env": {
    type: "string",
    value: "VARIABLE",
    description: "The same of another caller, who must not see the first one's tasks",
  },
  "other-api-key-env": { type: "string", value: "VARIABLE", description: "API key of such another caller" },
} as const satisfies OptionSpecs;

export const readOtherCredentials = (
  options: { readonly "other-bearer-env": string | undefined; readonly "other-api-key-env": string | undefined },
  environment: Invocation["environment"],
) => ({
  bearer: readVariable("--other-bearer-env", options["other-bearer-env"], environment),
  apiKey: readVariable("--other-api-key-env", options["other-api-key-env"], environment),
});

const readVariable = (
  option: string,
  name: string | undefined,
  environment: Invocation["environment"],
): string | undefined => {
  if (name === undefined) return undefined;
  const value = environment[name];
  if (value === undefined || value === "") throw new UsageError(`${option} ${name}: the variable is not set`);
  return value;
};

/** Throws a UsageError when the text is none of them. */
export const readChoice = <Choice extends string>(
  option: string,
  text: string | undefined,
  choices: readonly Choice[],
): Choice | undefined => {
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found === undefined) throw new UsageError(`${option} ${text}: expected ${choices.join(", ")}`);
  return found;
};

export const readAddress = (text: string): string => {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? "")) return text;
  throw new UsageError(`${text}: expected an address such as https://agents.example.com/a2a/greeter`);
};
