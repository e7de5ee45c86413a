/** What manifests say of a WebSocket: where it is, and what is said on it. */
import { z } from "zod";
import { Headers, SecretVariable } from "./manifest-parts.ts";
import { MemberPath, memberAt } from "./member-path.ts";

/** What the handshake itself says is not for manifests. */
const HandshakeHeaders = Headers.superRefine((headers, context) => {
  for (const name of Object.keys(headers))
    if (/^sec-websocket-/i.test(name))
      context.addIssue({ code: "custom", path: [name], message: "belongs to the handshake, and is set by the node" });
});

const Address = z
  .url({ protocol: /^wss?$/, error: "expected a ws:// or wss:// address" })
  .max(2048)
  // Behind the host an @ is one as any other, as in /ws/btcusdt@trade.
  .refine((text) => /^wss?:\/\/[^/?#@\\]+([/?][^#]*)?$/i.test(text), {
    error: "expected no user, password or fragment in the address",
  });

/** What tells a message from others: JSON in which that stands there. */
export const MessageMatch = z.strictObject({
  at: MemberPath,
  is: z.union([z.string(), z.number(), z.boolean(), z.null()]),
});
export type MessageMatch = z.output<typeof MessageMatch>;

/** `value` is what the message says as JSON; undefined where it is none. */
export const matchesMessage = (value: unknown, { at, is }: MessageMatch): boolean => memberAt(value, at) === is;

/** Texts go as they are, all else as JSON, in which `{ env: NAME_TOKEN }` stands for a secret. */
const OpeningStep = z
  .strictObject({
    send: z.json().optional(),
    /** Is waited for; what comes before it is nobody's. */
    expect: MessageMatch.optional(),
  })
  .refine(({ send, expect }) => send !== undefined || expect !== undefined, {
    error: "expected send, expect, or both",
  });
export const OpeningSteps = z.array(OpeningStep).min(1).max(20);

const SECRET = z.strictObject({ env: SecretVariable });

/** What is to be sent, with secrets in their places. */
export const withSecrets = (message: unknown, secret: (variable: string) => string): unknown => {
  if (typeof message !== "object" || message === null) return message;
  const named = SECRET.safeParse(message);
  if (named.success) return secret(named.data.env);
  if (Array.isArray(message)) return message.map((each: unknown) => withSecrets(each, secret));
  return Object.fromEntries(Object.entries(message).map(([name, each]) => [name, withSecrets(each, secret)]));
};

export const WebSocketAddress = z.strictObject({
  url: Address,
  headers: HandshakeHeaders.optional().describe("Of the handshake: texts, or { env: NAME_KEY } for what is secret"),
  protocols: z
    .array(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, { error: "expected the name of a subprotocol" }))
    .min(1)
    .max(10)
    .refine((names) => new Set(names).size === names.length, { error: "expected each once" })
    .optional()
    .describe("Subprotocols, of which the server has to choose one; none by default"),
  opening: OpeningSteps.optional().describe(
    "What is said first, in order: send, expect { at, is }, or both. In what is sent { env: NAME_TOKEN } stands for a secret",
  ),
});
export type WebSocketAddress = z.output<typeof WebSocketAddress>;

/** Variables that are sent there, each with where it stands. */
export const secretsOfWebSocket = ({
  headers = {},
  opening = [],
}: Pick<WebSocketAddress, "headers" | "opening">): readonly (readonly [field: string, variable: string])[] => [
  ...Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" ? [] : [[`headers.${name}.env`, value.env] as const],
  ),
  ...secretsOfSteps("opening", opening),
];

/** The same of what is said first, which stands in `field`. */
export const secretsOfSteps = (
  field: string,
  steps: z.output<typeof OpeningSteps>,
): readonly (readonly [field: string, variable: string])[] =>
  steps.flatMap(({ send }, index) => secretsIn(send, `${field}[${index}].send`));

const secretsIn = (message: unknown, field: string): readonly (readonly [string, string])[] => {
  if (typeof message !== "object" || message === null) return [];
  const named = SECRET.safeParse(message);
  if (named.success) return [[`${field}.env`, named.data.env]];
  return Object.entries(message).flatMap(([name, each]) => secretsIn(each, `${field}.${name}`));
};
