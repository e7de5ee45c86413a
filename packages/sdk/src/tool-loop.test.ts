import type { Context, ModelRequest, ModelResponse, ModelToolCall, Tool } from "@agentcore/contract/authoring";
import { CancelledError, PlatformError } from "@agentcore/contract/errors";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { tool } from "./tool.ts";
import { toolLoop } from "./tool-loop.ts";

const says = (text: string): ModelResponse => ({
  text,
  toolCalls: [],
  finishReason: "stop",
  usage: { inputTokens: 1, outputTokens: 1 },
});
const calls = (...toolCalls: ModelToolCall[]): ModelResponse => ({
  ...says(""),
  toolCalls,
  finishReason: "tool-calls",
});

/** A context that answers model calls from a script and runs tools at once. */
const scripted = (...responses: ModelResponse[]) => {
  const requests: ModelRequest[] = [];
  const keys: (string | undefined)[] = [];
  const context = {
    model: async (request: ModelRequest) => {
      requests.push(request);
      return responses[Math.min(requests.length, responses.length) - 1] ?? says("");
    },
    tool: async (called: Tool, input: unknown, options?: { readonly key?: string }) => {
      keys.push(options?.key);
      return called.execute(input, { signal: new AbortController().signal, idempotencyKey: "k" });
    },
  };
  return { ctx: context as unknown as Context, requests, keys };
};
const lastMessages = (requests: readonly ModelRequest[], count: number) => requests.at(-1)?.messages.slice(-count);

const weather = tool({
  name: "weather",
  description: "Tells the weather",
  input: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, sunny: true }),
});

describe("toolLoop", () => {
  test("instructions are the system message and the input is the user's", async () => {
    const { ctx, requests } = scripted(says("hello"));
    expect(await toolLoop({ instructions: "Be kind." })({ input: { who: "Ada" } }, ctx)).toBe("hello");
    expect(requests).toEqual([
      {
        messages: [
          { role: "system", content: "Be kind." },
          { role: "user", content: '{"who":"Ada"}' },
        ],
      },
    ]);
  });

  test("tools of one turn run at once, each with its call id as key", async () => {
    let running = 0;
    let most = 0;
    const slow = tool({
      name: "slow",
      description: "d",
      input: z.object({ n: z.number() }),
      execute: async ({ n }) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return n;
      },
    });
    const { ctx, requests, keys } = scripted(
      calls({ id: "a", name: "slow", input: { n: 1 } }, { id: "b", name: "slow", input: { n: 2 } }),
      says("done"),
    );
    await toolLoop({ tools: [slow] })({ input: "go" }, ctx);
    expect(most).toBe(2);
    expect(keys).toEqual(["a", "b"]);
    expect(lastMessages(requests, 3)).toEqual([
      {
        role: "assistant",
        content: "",
        toolCalls: [
          { id: "a", name: "slow", input: { n: 1 } },
          { id: "b", name: "slow", input: { n: 2 } },
        ],
      },
      { role: "tool", content: "1", toolCallId: "a", toolName: "slow" },
      { role: "tool", content: "2", toolCallId: "b", toolName: "slow" },
    ]);
  });

  test("call ids that are empty or repeated are made distinct", async () => {
    const input = { city: "Oslo" };
    const { ctx, keys } = scripted(
      calls(
        { id: "", name: "weather", input },
        { id: "x", name: "weather", input },
        { id: "x", name: "weather", input },
      ),
      says("done"),
    );
    await toolLoop({ tools: [weather] })({ input: "go" }, ctx);
    expect(keys).toEqual(["call-0", "x", "x-2"]);
  });

  test("the model is told of refused input, unknown tools and tools that fail", async () => {
    const broken = tool({
      name: "broken",
      description: "d",
      input: z.object({}),
      execute: () => Promise.reject(new Error("no such city")),
    });
    const { ctx, requests, keys } = scripted(
      calls(
        { id: "1", name: "weather", input: { city: 5 } },
        { id: "2", name: "moon", input: {} },
        { id: "3", name: "broken", input: {} },
      ),
      says("sorry"),
    );
    expect(await toolLoop({ tools: [weather, broken] })({ input: "go" }, ctx)).toBe("sorry");
    expect(keys).toEqual(["3"]);
    expect(lastMessages(requests, 3)?.map(({ content }) => content)).toEqual([
      expect.stringMatching(/does not fit.\n- city: .*expected string/),
      'Error: there is no tool "moon". Tools: weather, broken.',
      "Error: no such city",
    ]);
  });

  test("a cancel ends the run instead of being told to the model", async () => {
    const stopped = tool({
      name: "stopped",
      description: "d",
      input: z.object({}),
      execute: () => Promise.reject(new CancelledError()),
    });
    const { ctx, requests } = scripted(calls({ id: "1", name: "stopped", input: {} }), says("no"));
    await expect(toolLoop({ tools: [stopped] })({ input: "go" }, ctx)).rejects.toThrow(CancelledError);
    expect(requests).toHaveLength(1);
  });

  test("a model that never stops calling tools fails the task for good", async () => {
    const { ctx, requests } = scripted(calls({ id: "1", name: "weather", input: { city: "Oslo" } }));
    const run = toolLoop({ tools: [weather], maxTurns: 3 })({ input: "go" }, ctx);
    await expect(run).rejects.toMatchObject({
      code: "AGENT_FAILED",
      retryable: false,
      message: expect.stringContaining("3 turns"),
    });
    expect(requests).toHaveLength(3);
  });

  const output = z.object({ score: z.number() });

  test("an answer with an output schema is parsed, fenced or not", async () => {
    const { ctx, requests } = scripted(says('{"score":1}'));
    expect(await toolLoop({ output })({ input: "go" }, ctx)).toEqual({ score: 1 });
    expect(requests[0]?.messages[0]?.content).toContain('"score":{"type":"number"}');
    expect(await toolLoop({ output })({ input: "go" }, scripted(says('Here:\n```json\n{"score":2}\n```')).ctx)).toEqual(
      { score: 2 },
    );
  });

  test("an answer that does not fit is repaired once, also after the last turn", async () => {
    const { ctx, requests } = scripted(says('{"score":"high"}'), says('{"score":3}'));
    expect(await toolLoop({ output, maxTurns: 1 })({ input: "go" }, ctx)).toEqual({ score: 3 });
    expect(lastMessages(requests, 1)?.[0]?.content).toMatch(/does not fit:\n- score: .*expected number/);
  });

  test("a second misfit is OUTPUT_MISMATCH with the violations", async () => {
    const { ctx, requests } = scripted(says("not json"), says('{"score":"high"}'));
    const error: unknown = await toolLoop({ output })({ input: "go" }, ctx).catch((caught: unknown) => caught);
    expect(PlatformError.is(error) && error.code).toBe("OUTPUT_MISMATCH");
    expect(error).toMatchObject({ violations: [{ field: "score" }] });
    expect(requests).toHaveLength(2);
  });
});
