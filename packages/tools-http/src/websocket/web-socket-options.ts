/** What may be set for the tools of WebSockets, in a manifest or in code. */
import { Scope } from "@agentcore/contract";
import { secretsOfWebSocket, WebSocketAddress } from "@agentcore/contract/web-socket";
import type { Reach } from "@agentcore/sdk";
import { z } from "zod";

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
const EXPECTED_NAME = "expected names of lower-case letters, digits and hyphens";
const ConnectionName = z.string().regex(NAME, { error: EXPECTED_NAME });

export const WebSocketOptions = z
  .strictObject({
    connections: z
      .record(z.string(), WebSocketAddress)
      .refine((all) => Object.keys(all).length > 0 && Object.keys(all).length <= 20, {
        error: "expected 1 to 20 connections",
      })
      .refine((all) => Object.keys(all).every((name) => NAME.test(name)), { error: EXPECTED_NAME })
      .describe("By name: where may be connected to, and what is said first. A model chooses among the names"),
    send: z
      .strictObject({
        connections: z
          .array(ConnectionName)
          .min(1)
          .max(20)
          .optional()
          .describe("Names of those that may be sent to; all by default"),
        approval: z.enum(["never", "always"]).optional().describe("Whether people are asked before; always by default"),
        permission: Scope.optional().describe("A scope that whoever the task works for must have"),
        readOnly: z
          .boolean()
          .optional()
          .describe("Whether what is sent only asks, and changes nothing there; false by default"),
        idempotent: z
          .boolean()
          .optional()
          .describe("Whether what comes twice does no harm, so that it may; as readOnly by default"),
        maxMessageBytes: z.int().min(1).max(16_777_216).optional().describe("Of what is sent; 262144 by default"),
      })
      .optional()
      .describe("Gives websocket_send; without it nothing is sent but what connections say first"),
    permission: Scope.optional().describe("Of websocket_read: a scope that whoever the task works for must have"),
    timeoutMs: z.int().min(100).max(600_000).optional().describe("Of one call; 30000 by default"),
    openTimeoutMs: z
      .int()
      .min(100)
      .max(60_000)
      .optional()
      .describe("Of the handshake, and of what is said first once more; 10000 by default"),
    maxMessageBytes: z.int().min(1024).max(16_777_216).optional().describe("Of one that comes; 262144 by default"),
    maxMessages: z.int().min(1).max(1000).optional().describe("Given of one call; 100 by default"),
    maxBytes: z.int().min(1024).max(16_777_216).optional().describe("Given of one call; 524288 by default"),
  })
  .superRefine(({ connections, send }, context) => {
    for (const [index, name] of (send?.connections ?? []).entries())
      if (!Object.hasOwn(connections, name))
        context.addIssue({
          code: "custom",
          path: ["send", "connections", index],
          message: `expected one of ${Object.keys(connections).join(", ")}`,
        });
    if (send?.readOnly === true && send.idempotent === false)
      context.addIssue({ code: "custom", path: ["send", "idempotent"], message: "what only reads does no harm twice" });
  });
/** As it is written. */
export type WebSocketOptions = z.input<typeof WebSocketOptions>;
export type ReadWebSocketOptions = z.output<typeof WebSocketOptions>;

export const webSocketReaches = ({ connections }: ReadWebSocketOptions): readonly Reach[] =>
  Object.entries(connections).flatMap(([name, address]): readonly Reach[] => {
    const secrets = secretsOfWebSocket(address);
    return [
      { field: `connections.${name}.url`, kind: "address", value: address.url, withSecret: secrets.length > 0 },
      ...secrets.map(([field, value]) => ({ field: `connections.${name}.${field}`, kind: "secret" as const, value })),
    ];
  });
