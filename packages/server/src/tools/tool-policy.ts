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

/** A program runs as the node does, and reads what the node reads: with keys, only what its operator has named. */
export const refuseProgram = ({ command }: McpProgram, commands: ToolRules["commands"]): string | undefined => {
  if (commands === null || commands.includes(command)) return undefined;
  const allowed = commands.length === 0 ? "none" : commands.join(", ");
  return `a node with API keys starts only programs that --tool-command names: ${allowed}`;
};
