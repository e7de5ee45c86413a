/** OpenAI's own client, in a process of its own, at the doors of a node. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { PlatformError } from "@agentcore/contract";
import { createClient } from "@agentcore/sdk/client";
import { expect, test } from "vitest";
import { parseApiKeys } from "../../packages/server/src/gateway/http/parse-api-keys.ts";
import { listen } from "../../packages/server/src/gateway/listen.ts";
import { createFixture } from "../../packages/server/test/gateway/gateway-fixture.ts";
import { answer, createScriptedGateway, never } from "../../packages/server/test/gateway/scripted-gateway.ts";
import { root, runProgram, startAgentcore } from "./programs.ts";

const KEY = "the-virtual-key-of-ann";

/** What the client's last line says. `npm run test:e2e` and `npm test` install it; without, this fails. */
const runClient = async (...words: readonly string[]) => {
  const program = join(root, "test/interop/clients/openai.mjs");
  const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...words], { cwd: tmpdir() });
  if (code !== 0) throw new Error(`the client ended with ${code}: ${stderr}\n${stdout}`);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
};

test("asks models: whole, in pieces, with tools, as responses, for vectors; is refused in its own words, and breaks off", async () => {
  const broken = Promise.withResolvers<void>();
  const counts: Record<string, number> = {};
  const models = createScriptedGateway({
    list: () => [
      { name: "smart", declaredBy: "manifest", provider: "openai", model: "gpt-5-mini", trouble: null },
      { name: "openai/…", declaredBy: "environment", provider: "openai", trouble: null },
    ],
    async generate({ messages }, call) {
      const last = messages.at(-1)?.content ?? "";
      counts[last] = (counts[last] ?? 0) + 1;
      if (last === "unknown") throw new PlatformError("MODEL_NOT_CONFIGURED", "no such model");
      if (last === "limit") throw new PlatformError("OVERLOADED", "later", { retryAfterMs: 50_000, retryable: false });
      if (last === "budget") throw new PlatformError("BUDGET_EXCEEDED", "nothing left");
      if (last === "upstream") throw new PlatformError("UPSTREAM_FAILED", "it broke");
      if (last === "weather")
        return answer("", {
          toolCalls: [{ id: "c1", name: "weather", input: { city: "Oslo" } }],
          finishReason: "tool-calls",
        });
      if (last === "midway" || last === "hang") {
        call.onText?.("and", true);
        if (last === "midway") {
          await new Promise((resolve) => setImmediate(resolve));
          throw new PlatformError("UPSTREAM_FAILED", "it broke", { retryable: false });
        }
        call.signal.addEventListener("abort", () => broken.resolve());
        return never(call);
      }
      if (last === "stream") {
        for (const [index, text] of ["one ", "two"].entries()) {
          call.onText?.(text, index === 0);
          await new Promise((resolve) => setImmediate(resolve));
        }
        return answer("one two");
      }
      return answer(last === "6 degrees in Oslo" ? "Bring a coat" : "Hello!");
    },
  });
  const { gateway, errors } = createFixture({
    models: models.models,
    apiKeys: parseApiKeys([`${KEY} caller=ann scopes=models:use:smart,models:use:small,models:use:openai/*`]),
  });
  const listener = await listen(gateway, { port: 0 });
  try {
    const saw = await runClient("models", listener.url, KEY);
    const of = (name: string, status: number | undefined, code: string) =>
      expect.objectContaining({ name, status, code });
    expect(saw).toEqual({
      ...{ said: "Hello!", usage: 10, deltas: expect.anything(), streamed: ["one two", 10] },
      ...{ tooled: "Bring a coat", streamedTools: "Bring a coat", response: "Hello!", finalResponse: "one two" },
      events: expect.arrayContaining(["response.created", "response.output_text.delta", "response.completed"]),
      ...{
        vectors: [
          [3, 0.5],
          [5, 0.5],
        ],
        list: ["smart", "agent/echo"],
        one: "openai/gpt-5-mini",
      },
      seen: ["", "and"],
      refusals: {
        key: of("AuthenticationError", 401, "invalid_api_key"),
        scope: of("PermissionDeniedError", 403, "permission_denied"),
        model: of("NotFoundError", 404, "model_not_found"),
        limit: of("RateLimitError", 429, "rate_limit_exceeded"),
        budget: of("RateLimitError", 429, "insufficient_quota"),
        upstream: of("InternalServerError", 502, "upstream_failed"),
        image: of("BadRequestError", 400, "invalid_argument"),
        midway: expect.objectContaining({ name: "APIError", code: "upstream_failed" }),
      },
    });
    expect(saw.deltas.join("")).toBe("one two");
    expect(saw.refusals.image.param).toBe("messages[0].content[0].type");
    // The door asks again what may pass; the client, who was told so, does not.
    expect([counts["upstream"], counts["budget"]]).toEqual([4, 1]);
    await broken.promise;
    expect(errors).toEqual([]);
  } finally {
    await listener.close(0);
  }
});

const CODE = `
const base = { version: "1", skills: [], labels: {}, tools: [], idempotent: false, subscribes: [] };
const schema = (accepts) => ({ "~standard": { version: 1, vendor: "test",
  validate: (value) => accepts(value) ? { value } : { issues: [{ message: "expected something else" }] } } });
export const guide = { ...base, name: "guide", description: "Shows the way",
  run: async (task, ctx) => {
    if (task.input === "hold") return ctx.sleep(3_600_000);
    if (task.input === "ask") return "It is " + await ctx.waitForInput("Which colour?");
    if (task.input === "stream")
      for (const [index, text] of ["one ", "two ", "three"].entries())
        await ctx.artifact({ name: "count", text, append: index > 0, lastChunk: index === 2 });
    return task.input === "stream" ? "one two three, done" : "Hello!";
  } };
export const form = { ...base, name: "form", description: "Takes an amount", input: schema((value) => typeof value?.amount === "number"),
  run: async (task) => ({ doubled: task.input.amount * 2 }) };
export const talk = { ...base, name: "talk", description: "Takes a conversation", input: schema((value) => Array.isArray(value?.messages)),
  run: async (task) => task.input.messages.map(({ role, content }) => role + ": " + content).join("; ") };`;

/** A provider that says what it was asked, and with which key. */
const startProvider = async () => {
  const keys: (string | undefined)[] = [];
  const broken = Promise.withResolvers<void>();
  const answerTo = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    keys.push(request.headers.authorization);
    const { messages } = (await json(request)) as { readonly messages: readonly { readonly content: unknown }[] };
    const asked = JSON.stringify(messages.at(-1)?.content);
    const chunk = (delta: object, finish_reason: string | null = null) =>
      response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
    response.writeHead(200, { "content-type": "text/event-stream" });
    chunk({ role: "assistant", content: "You said " });
    if (asked.includes("go on")) return void response.once("close", () => broken.resolve());
    chunk({ content: asked });
    chunk({}, "stop");
    const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
    response.end(`data: ${JSON.stringify({ choices: [], usage })}\n\ndata: [DONE]\n\n`);
  };
  const server = createServer((request, response) => void answerTo(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}/v1`, keys, broken: broken.promise, close };
};

test("asks agents of a node: their tasks answer, ask, stream, and go on without it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-openai-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "agents.mjs"), CODE);
  const manifests = ["guide", "form", "talk"].map(
    (name) =>
      `apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: ${name} }\nspec: { code: { path: ./agents.mjs, export: ${name} } }\n`,
  );
  const provider = await startProvider();
  manifests.push(
    `apiVersion: agentcore.dev/v1\nkind: Model\nmetadata: { name: smart }\nspec: { model: m, baseUrl: "${provider.url}", apiKeyEnv: PROVIDER_API_KEY, price: { input: 1, output: 1 } }\n`,
  );
  await writeFile(join(folder, "agentcore.yaml"), manifests.join("---\n"));
  await writeFile(
    join(folder, "keys.txt"),
    `${KEY} caller=ann\nanother-key-that-asks-models caller=bob scopes=models:use:smart\n`,
  );
  const words = ["--port", "0", "--data", join(folder, "data"), "--apply", folder, "--api-key-file", "keys.txt"];
  const program = startAgentcore(["up", ...words, "--allow-private-models"], {
    cwd: folder,
    env: { PROVIDER_API_KEY: "a-key-of-the-provider" },
  });
  try {
    const [, url = ""] = await program.says(/ready at (http:\/\/127\.0\.0\.1:\d+)/);
    const saw = await runClient("agents", url, KEY);
    expect(saw).toEqual({
      ...{ hello: "Hello!", streamed: "one two three, done", pieces: expect.any(Number) },
      ...{ asked: ["Which colour?", "input-required"], told: "It is blue", form: '{"doubled":10}' },
      conversation: "user: I am Ada; assistant: Hi; user: who am I?",
      ...{ sameTask: true, list: ["agent/form", "agent/guide", "agent/talk"], held: expect.any(String) },
      unknown: expect.objectContaining({ name: "NotFoundError", code: "model_not_found" }),
    });
    const client = createClient({ url, apiKey: KEY });
    expect((await client.get(saw.held)).head.state).toBe("working");
    const pieces = [];
    for await (const piece of client.chat({ model: "agent/guide", messages: [{ role: "user", content: "greet" }] }))
      pieces.push(piece);
    const bob = createClient({ url, apiKey: "another-key-that-asks-models" });
    const said = [];
    for await (const piece of bob.chat({ model: "smart", messages: [{ role: "user", content: "hi" }] }))
      said.push(piece);
    expect(said.flatMap((piece) => ("text" in piece ? [piece.text] : [])).join("")).toBe('You said "hi"');
    expect(said.at(-1)).toMatchObject({ finishReason: "stop", costUsd: 0.000007 });
    for await (const _ of bob.chat({ model: "smart", messages: [{ role: "user", content: "go on" }] })) break;
    await provider.broken;
    expect(new Set(provider.keys)).toEqual(new Set(["Bearer a-key-of-the-provider"]));
    const refused = client.chat({ model: "smart", messages: [{ role: "user", content: "hi" }] });
    await expect(refused[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    expect(pieces).toEqual([{ text: "Hello!" }, expect.objectContaining({ finishReason: "stop", state: "completed" })]);
  } finally {
    await program.kill("SIGKILL");
    provider.close();
    await rm(folder, { recursive: true, force: true });
  }
});
