/** Where the servers of Tool manifests may be, and which programs may be started for them. */
import type { McpEndpoint, McpProgram } from "@agentcore/contract";
import { type OutboundPolicy, refuseUrl } from "@agentcore/outbound";

export interface ToolRules {
  /** Whether they may be in private networks; this machine may always be called. */
  readonly allowPrivate: boolean;
  /** Commands that may be started, as manifests write them; null: any. */
  readonly commands: readonly string[] | null;
}

export const endpointPolicy = ({ auth, headers }: McpEndpoint, allowPrivate: boolean): OutboundPolicy => ({
  allowLoopback: true,
  allowPrivate,
  sendsSecret: auth !== undefined || Object.values(headers ?? {}).some((value) => typeof value !== "string"),
  option: "--allow-private-tools",
});

/** As far as the address tells; a name is judged again when it is connected to. Undefined lets it pass. */
export const refuseEndpoint = (endpoint: McpEndpoint, allowPrivate: boolean): string | undefined => {
  const url = new URL(endpoint.url);
  if (url.username !== "" || url.password !== "") return "expected no user or password in the address";
  return refuseUrl(url, endpointPolicy(endpoint, allowPrivate));
};

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
  const allowed = commands.length === 0 ? "none" : commands.join(", ");
  return [
    ...(commands.includes(command)
      ? []
      : [
          {
            field: "command",
            description: `a node with API keys starts only programs that --tool-command names: ${allowed}`,
          },
        ]),
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
