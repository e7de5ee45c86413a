/** MCP servers of Tool manifests, as sources of tools. Nothing of MCP is loaded before one is opened. */
import type { McpServerSpec } from "@agentcore/contract";
import { loadMcpClient } from "./load-mcp.ts";
import type { PooledSource, ToolSource } from "./source-pool.ts";
import { endpointPolicy } from "./tool-policy.ts";

export interface ServerOpening {
  /** In words, for errors. */
  readonly what: string;
  readonly spec: McpServerSpec;
  readonly version: string;
  /** PATH of programs. */
  readonly path: string | undefined;
  readonly allowPrivate: boolean;
  readonly readVariable: (variable: string) => string;
  readonly onOpen: (server: NonNullable<ToolSource["server"]>) => void;
}

export type McpSource = (opening: ServerOpening) => Pick<PooledSource, "open" | "hasForgotten">;

export const createMcpSource = (): McpSource => {
  // Of whichever was opened first: they know the errors of each other.
  let client: Awaited<ReturnType<typeof loadMcpClient>> | undefined;
  return ({ onOpen, readVariable, allowPrivate, ...opening }) => ({
    async open(signal, onChanged) {
      client ??= await loadMcpClient();
      const { http } = opening.spec;
      const connection = await client.openConnection(
        {
          ...{ ...opening, read: readVariable, onChanged },
          policy:
            http === undefined
              ? { allowLoopback: false, allowPrivate: false, sendsSecret: true, option: "" }
              : endpointPolicy(http, allowPrivate),
        },
        signal,
      );
      onOpen(connection.server);
      return connection;
    },
    hasForgotten: (error) => client !== undefined && error instanceof client.ForgottenSession,
  });
};
