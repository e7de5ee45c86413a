/** MCP servers of Tool manifests, as sources of tools. Nothing of MCP is loaded before one is opened. */
import type { McpServerSpec } from "@agentcore/contract";
import type { Connection, WantedConsent } from "@agentcore/mcp/client";
import type { ConsentOf } from "../consents/consents.ts";
import { loadMcpClient } from "./load-mcp.ts";
import type { PooledSource, ToolSource } from "./source-pool.ts";
import { endpointPolicy, PRIVATE } from "./tool-policy.ts";

export interface ServerOpening {
  /** In words, for errors. */
  readonly what: string;
  readonly spec: McpServerSpec;
  readonly version: string;
  /** PATH of programs. */
  readonly path: string | undefined;
  readonly allowPrivate: boolean;
  readonly readVariable: (variable: string) => string;
  /** Of whom it works for; null where the server asks for none. */
  readonly consent: Pick<ConsentOf, "terms" | "keeper"> | null;
  readonly onOpen: (server: NonNullable<ToolSource["server"]>) => void;
}

export interface McpSource {
  open(opening: ServerOpening): Pick<PooledSource, "open" | "hasForgotten" | "saysNothing">;
  /** Null: that is not what an error says. */
  wantedConsent(error: unknown): WantedConsent | null;
}

export const createMcpSource = (): McpSource => {
  // Of whichever was opened first: they know the errors of each other.
  let client: Awaited<ReturnType<typeof loadMcpClient>> | undefined;
  const wantedConsent = (error: unknown): WantedConsent | null =>
    client !== undefined && error instanceof client.WantsConsent ? error.wanted : null;
  return {
    wantedConsent,
    open: ({ onOpen, readVariable, allowPrivate, consent, ...opening }) => ({
      async open(signal, onChanged) {
        client ??= await loadMcpClient();
        const { http } = opening.spec;
        const oauth =
          consent === null
            ? null
            : client.openOAuthFetch(consent.terms.url, consent.terms.issuer, { allowPrivate, option: PRIVATE });
        try {
          const connection = await client.openConnection(
            {
              ...{ ...opening, read: readVariable, onChanged },
              policy:
                http === undefined
                  ? { allowLoopback: false, allowPrivate: false, sendsSecret: true, option: "" }
                  : endpointPolicy(http, allowPrivate),
              ...(consent === null || oauth === null
                ? {}
                : { consent: { terms: { ...consent.terms, fetch: oauth.fetch }, keeper: consent.keeper } }),
            },
            signal,
          );
          onOpen(connection.server);
          return oauth === null ? connection : closing(connection, oauth);
        } catch (error) {
          oauth?.close();
          throw error;
        }
      },
      hasForgotten: (error) => client !== undefined && error instanceof client.ForgottenSession,
      // Of a person.
      saysNothing: (error) => wantedConsent(error) !== null,
    }),
  };
};

/** What it was opened with ends with it. */
const closing = (connection: Connection, beside: { close(): void }): Connection => {
  const { server, list, call, close } = connection;
  return {
    ...{ server, list, call },
    get isOpen() {
      return connection.isOpen;
    },
    async close() {
      await close();
      beside.close();
    },
  };
};
