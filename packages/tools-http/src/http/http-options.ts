/** What may be set for the tools of HTTP, in a manifest or in code. */
import { Headers, Scope } from "@agentcore/contract";
import type { Reach } from "@agentcore/sdk";
import { z } from "zod";

const Origin = z
  .string()
  .max(2048)
  .refine(
    (text) => {
      const url = URL.parse(text);
      return url !== null && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
    },
    { error: "expected an origin, as in https://api.example.com: no path, user or password" },
  )
  .transform((text) => new URL(text).origin);

const Origins = z.array(Origin).min(1).max(100);

export const HttpOptions = z.strictObject({
  origins: Origins.optional().describe("That may be read; all public ones but those of send by default"),
  send: z
    .strictObject({
      origins: Origins.describe("That may be sent to"),
      methods: z
        .array(z.enum(["POST", "PUT", "PATCH", "DELETE"]))
        .min(1)
        .optional()
        .describe("POST by default"),
      approval: z.enum(["never", "always"]).optional().describe("Whether people are asked before; always by default"),
      permission: Scope.optional().describe("A scope that whoever the task works for must have"),
      idempotent: z
        .boolean()
        .optional()
        .describe("Whether they drop what comes again under one Idempotency-Key, so that it may; false by default"),
      maxBodyBytes: z.int().min(1).max(16_777_216).optional().describe("Of one request; 262144 by default"),
    })
    .optional()
    .describe("Gives http_send; without it nothing is sent"),
  headers: z
    .record(Origin, Headers)
    .optional()
    .describe("By origin: texts, or { env: NAME_KEY } for what is secret; sent to that origin and no other"),
  timeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .optional()
    .describe("Of one call, redirects and body included; 30000 by default"),
  maxBytes: z.int().min(1024).max(33_554_432).optional().describe("Read of one answer; 2097152 by default"),
  maxCharacters: z.int().min(100).max(1_000_000).optional().describe("Given of one answer; 100000 by default"),
  maxRedirects: z.int().min(0).max(20).optional().describe("5 by default"),
});
/** As it is written. */
export type HttpOptions = z.input<typeof HttpOptions>;
export type ReadHttpOptions = z.output<typeof HttpOptions>;

export const httpReaches = ({ origins = [], send, headers = {} }: ReadHttpOptions): readonly Reach[] => {
  const secretsOf = (origin: string): boolean =>
    Object.values(headers[origin] ?? {}).some((value) => typeof value !== "string");
  const named = (field: string, all: readonly string[]): readonly Reach[] =>
    all.map((value, index) => ({
      ...{ field: `${field}[${index}]`, kind: "address", value },
      withSecret: secretsOf(value),
    }));
  return [
    ...named("origins", origins),
    ...named("send.origins", send?.origins ?? []),
    ...Object.entries(headers).flatMap(([origin, all]): readonly Reach[] => [
      { field: `headers.${origin}`, kind: "address", value: origin, withSecret: secretsOf(origin) },
      ...Object.entries(all).flatMap(([name, value]): readonly Reach[] =>
        typeof value === "string" ? [] : [{ field: `headers.${origin}.${name}.env`, kind: "secret", value: value.env }],
      ),
    ]),
  ];
};
