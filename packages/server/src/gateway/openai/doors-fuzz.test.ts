/** Hostile bodies at the doors. AGENTCORE_FUZZ_SEED repeats a run, AGENTCORE_FUZZ_DOORS says how many requests are made. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { createFixture } from "../../../test/gateway/gateway-fixture.ts";
import { edited, edits, HOSTILE_TEXTS, type Json, toText } from "../../../test/gateway/hostile/edits.ts";
import { read, settledWithin } from "../../../test/gateway/hostile/send.ts";
import { answer, createScriptedGateway } from "../../../test/gateway/scripted-gateway.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";

const REQUESTS = Number(process.env.AGENTCORE_FUZZ_DOORS ?? 6_000);
const SEED = Number(process.env.AGENTCORE_FUZZ_SEED ?? Date.now() % 2 ** 31);
const KEY = "the-key-of-ann-at-acme";

const parameters = { type: "object", properties: { city: { type: "string" } } };
const call = { id: "c1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } };

const bodies: readonly (readonly [path: string, body: (text: string, stream: boolean) => Json])[] = [
  [
    "/v1/chat/completions",
    (text, stream) => ({
      ...{ model: "smart", stream, temperature: 0.5, top_p: 1, max_tokens: 5, stop: ["a"], seed: 3, n: 1 },
      stream_options: { include_usage: true },
      messages: [
        { role: "system", content: "Be brief" },
        { role: "user", content: [{ type: "text", text }] },
        { role: "assistant", content: null, tool_calls: [call] },
        { role: "tool", tool_call_id: "c1", content: "6" },
      ],
      tools: [{ type: "function", function: { name: "weather", description: "Of a city", parameters } }],
      tool_choice: { type: "function", function: { name: "weather" } },
      response_format: { type: "json_schema", json_schema: { name: "answer", schema: parameters } },
    }),
  ],
  [
    "/v1/responses",
    (text, stream) => ({
      ...{ model: "smart", stream, instructions: "Be brief", max_output_tokens: 5, store: false, metadata: { a: "b" } },
      input: [
        { role: "user", content: [{ type: "input_text", text }] },
        { type: "function_call", call_id: "c1", name: "weather", arguments: "{}" },
        { type: "function_call_output", call_id: "c1", output: "6" },
      ],
      tools: [{ type: "function", name: "weather", parameters }],
      text: { format: { type: "json_object" } },
    }),
  ],
  ["/v1/embeddings", (text) => ({ model: "small", input: ["a", text], encoding_format: "base64" })],
  [
    "/v1/chat/completions",
    (text, stream) => ({ model: "agent/echo", stream, messages: [{ role: "user", content: text }] }),
  ],
];

const number = z.number();
const Call = z.strictObject({ id: z.string().min(1), name: z.string().min(1), input: z.unknown() });
/** What a gateway may be asked, whatever came. */
const Asked = z.strictObject({
  model: z.string().min(1).max(256),
  messages: z
    .array(
      z.union([
        z.strictObject({ role: z.enum(["system", "user"]), content: z.string() }),
        z.strictObject({ role: z.literal("assistant"), content: z.string(), toolCalls: z.array(Call).optional() }),
        z.strictObject({
          ...{
            role: z.literal("tool"),
            content: z.string(),
            toolCallId: z.string().min(1),
            toolName: z.string().min(1),
          },
        }),
      ]),
    )
    .min(1)
    .max(2_001),
  tools: z
    .array(z.looseObject({ name: z.string().min(1), description: z.string(), inputJsonSchema: z.looseObject({}) }))
    .optional(),
  toolChoice: z.union([z.enum(["auto", "none", "required"]), z.strictObject({ name: z.string().min(1) })]).optional(),
  output: z.strictObject({ name: z.string().optional(), schema: z.looseObject({}).optional() }).optional(),
  ...{ temperature: number.min(0).max(2).optional(), topP: number.min(0).max(1).optional(), seed: z.int().optional() },
  stop: z.array(z.string()).max(4).optional(),
  maxOutputTokens: z.int().min(1).optional(),
});

const Refusal = z.object({
  error: z.looseObject({ message: z.string().min(1), code: z.string().min(1) }),
});

test(`no hostile body gets more than a plain refusal, or reaches a model half read (seed ${SEED})`, {
  timeout: 120_000,
}, async () => {
  const models = createScriptedGateway({ generate: () => answer("fine") });
  const node = createFixture({
    models: models.models,
    apiKeys: parseApiKeys([`${KEY} caller=ann scopes=models:use`]),
    settings: { maxBodyBytes: 256 * 1024, heartbeatMs: 1000 },
  });
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...bodies),
      fc.constantFrom(...HOSTILE_TEXTS),
      fc.boolean(),
      edits,
      async ([path, body], text, stream, changes) => {
        const before = models.asked.length + models.embedded.length + node.tasks.tasks.size;
        const written = toText(edited(body(text, stream), changes));
        const client = new AbortController();
        const pending = node.call(path, {
          ...{ method: "POST", body: written, signal: client.signal },
          headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
        });
        // A task may wait for somebody, whom nobody waits for here.
        await settledWithin(pending, 12);
        client.abort();
        const { status, text: said } = await read(await pending);
        expect(said).not.toMatch(/\n\s+at |\.ts:\d/);
        if (status < 300) taken += 1;
        else {
          // A task that was begun and not ended yet is the one thing that is both.
          expect([400, 403, 404, 409, 413, 503]).toContain(status);
          Refusal.parse(JSON.parse(said));
          if (status !== 503) expect(models.asked.length + models.embedded.length + node.tasks.tasks.size).toBe(before);
        }
        for (const { request } of models.asked.splice(0)) Asked.parse(request);
        for (const { request } of models.embedded.splice(0))
          expect(request.texts.every((each) => typeof each === "string" && each !== "")).toBe(true);
      },
    ),
    { numRuns: REQUESTS, seed: SEED, endOnFailure: process.env.AGENTCORE_FUZZ_SEED === undefined },
  );
  expect(node.errors).toEqual([]);
  expect(taken).toBeGreaterThan(REQUESTS * 0.1);
  expect(node.gateway.openStreams).toBe(0);
});
