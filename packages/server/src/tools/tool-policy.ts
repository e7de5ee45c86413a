/** What Tool manifests may reach: where their servers may be, which programs may be started for them, which folders they may open. */
import { realpath } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { type McpEndpoint, type McpProgram, SecretVariable } from "@agentcore/contract";
import { type OutboundPolicy, refuseUrl } from "@agentcore/outbound";
import type { Reach } from "@agentcore/sdk";
import { rootOf } from "../agents/code-roots.ts";

export interface ToolRules {
  /** Whether they may be in private networks; this machine may always be called. */
  readonly allowPrivate: boolean;
  /** Commands that may be started, as manifests write them; null: any. */
  readonly commands: readonly string[] | null;
  /** Real paths of folders that may be opened, by tenant; null: any. */
  readonly folders: ReadonlyMap<string, readonly string[]> | null;
  /** Modules of libraries that may be named beside the platform's own, as absolute paths. */
  readonly libraries: readonly string[];
}

/** The option by which private networks may be named. */
export const PRIVATE = "--allow-private-tools";

/** Of an address that a manifest names. */
const namedPolicy = (sendsSecret: boolean, allowPrivate: boolean): OutboundPolicy => ({
  ...{ allowLoopback: true, allowPrivate, sendsSecret },
  option: PRIVATE,
});

export const endpointPolicy = ({ auth, headers }: McpEndpoint, allowPrivate: boolean): OutboundPolicy =>
  namedPolicy(
    auth !== undefined || Object.values(headers ?? {}).some((value) => typeof value !== "string"),
    allowPrivate,
  );

/** As far as the address tells; a name is judged again when it is connected to. Undefined lets it pass. */
export const refuseEndpoint = (endpoint: McpEndpoint, allowPrivate: boolean): string | undefined =>
  refuseAddress(endpoint.url, endpointPolicy(endpoint, allowPrivate));

/** Of an authorisation server, which is sent secrets. */
export const refuseIssuer = (issuer: string, allowPrivate: boolean): string | undefined =>
  refuseAddress(issuer, namedPolicy(true, allowPrivate));

const refuseAddress = (
  address: string,
  policy: OutboundPolicy,
  { takesSockets = false }: { readonly takesSockets?: boolean } = {},
): string | undefined => {
  const url = URL.parse(address);
  if (url === null || !(takesSockets ? /^(https?|wss?):$/ : /^https?:$/).test(url.protocol))
    return `expected an http:// or https:// address${takesSockets ? ", or one of a WebSocket" : ""}`;
  if (url.username !== "" || url.password !== "") return "expected no user or password in the address";
  return refuseUrl(url, policy);
};

/** What the options of a library reach. Undefined lets it pass; whose secrets are named is judged with those of all manifests. */
export const refuseReach = async (
  tenantId: string,
  { kind, value, withSecret = false }: Reach,
  { allowPrivate, commands, folders }: ToolRules,
): Promise<string | undefined> => {
  switch (kind) {
    case "command":
      return refuseCommand(value, commands);
    case "folder":
      return refuseFolder(tenantId, value, folders);
    case "address":
      return refuseAddress(value, namedPolicy(withSecret, allowPrivate), { takesSockets: true });
    case "secret":
      return SecretVariable.safeParse(value).error?.issues[0]?.message;
  }
};

/** By where it really is. On a node that takes any, one that is not there is told when it is opened. */
const refuseFolder = async (tenantId: string, path: string, folders: ToolRules["folders"]) => {
  if (!isAbsolute(path)) return "expected an absolute path";
  if (folders === null) return undefined;
  const allowed = folders.get(tenantId) ?? [];
  const real = await realpath(path).catch(() => null);
  // Of what lies outside nothing is said, not even whether it is there.
  if (real !== null && rootOf({ folders: allowed }, real) !== null) return undefined;
  return `a node with API keys opens only folders that --tool-folder names, and what lies in them: ${allowed.join(", ") || "none"}`;
};

const refuseCommand = (command: string, commands: ToolRules["commands"]): string | undefined =>
  commands === null || commands.includes(command)
    ? undefined
    : `a node with API keys starts only programs that --tool-command names: ${commands.join(", ") || "none"}`;

// Of the loader, shells, languages and their package managers: each can name code, or where code is looked for.
const CHOOSES_CODE =
  /^(PATH|LD_|DYLD_|NODE_|NPM_|BASH_|ENV$|SHELLOPTS|PYTHON|PERL|RUBY|JAVA_|JDK_|_JAVA|DOTNET_|GIT_|GCONV_PATH|OPENSSL_|PIP_|UV_|DENO_|BUN_|HOME$|XDG_)/i;

/**
 * A program runs as the node does, and reads what the node reads: with keys, only what its operator has named, and with nothing by which
 * the manifest has it run something else.
 */
export const refuseProgram = (
  { command, env, cwd }: McpProgram,
  commands: ToolRules["commands"],
): readonly { readonly field: string; readonly description: string }[] => {
  if (commands === null) return [];
  const refused = refuseCommand(command, commands);
  return [
    ...(refused === undefined ? [] : [{ field: "command", description: refused }]),
    ...Object.keys(env ?? {})
      .filter((name) => CHOOSES_CODE.test(name))
      .map((name) => ({
        field: `env.${name}`,
        description: `a node with API keys sets no ${name}: it chooses what code runs`,
      })),
    ...(cwd === undefined
      ? []
      : [{ field: "cwd", description: "a node with API keys sets none: a program may run code that it finds there" }]),
  ];
};
