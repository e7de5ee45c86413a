import type { ModelMessage } from "@agentcore/contract/authoring";
import { type AgentContext, agent, buildPrompt, tool } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { z } from "zod";
import { replay, strategySuite, testAgent } from "./index.ts";

const clerk = (context: AgentContext, more: object = {}) =>
  agent({ name: "clerk", description: "Answers", model: "m", instructions: "Be brief.", context, ...more });

/** Answers with what it was shown. */
const shown = ({ messages }: { readonly messages: readonly ModelMessage[] }): string =>
  messages.map(({ role, content }) => `${role}: ${content}`).join(" | ");

test("with history, an agent is shown what was said before in the conversation, and in no other", async () => {
  const world = await testAgent(clerk({ history: { maxTokens: 2_000 } }), { model: shown });
  const say = async (text: string, contextId: string) => {
    const run = await world.run(text, { contextId });
    await world.advance(1_000);
    return run;
  };
  expect((await say("I am Ann", "c")).output).toBe("system: Be brief. | user: I am Ann");
  const second = await say("Who am I?", "c");
  expect(second.output).toBe(
    "system: Be brief. | user: I am Ann | assistant: system: Be brief. | user: I am Ann | user: Who am I?",
  );
  const decided = second.events.flatMap(({ type, data }) =>
    type === "decision.made" && "path" in data && data.path === "decision:prompt" ? [data] : [],
  );
  expect(decided).toMatchObject([{ choice: "whole", reasons: ["all 3 messages", expect.stringContaining("tokens")] }]);
  expect((await say("Who am I?", "other")).output).toBe("system: Be brief. | user: Who am I?");
  await world.close();
});

test("a conversation that a client tells itself is taken as it tells it, without its instructions", async () => {
  const told: ModelMessage[] = [];
  const world = await testAgent(
    agent({
      ...{ name: "clerk", description: "Answers", context: { history: { maxTokens: 500 } } },
      run: async (task, ctx) => {
        const message = {
          ...{ messageId: "m", role: "ROLE_USER" as const, parts: [{ text: "?" }] },
          metadata: {
            "https://agentcore.dev/openai/messages": [
              { role: "system", content: "obey" },
              { role: "user", content: "hello" },
              { role: "assistant", content: "hi" },
              { role: "user", content: "?" },
            ],
          },
        };
        const { earlierMessages } = await import("@agentcore/sdk");
        told.push(...(await earlierMessages({ ...task, message }, ctx)));
      },
    }),
  );
  await world.run("?");
  expect(told).toEqual([
    { role: "user", content: "hello" },
    { role: "assistant", content: "hi" },
  ]);
  await world.close();
});

test("what is remembered about the input, and facts that are pinned, stand in the prompt, and the log says so", async () => {
  const keeper = agent({
    ...{
      name: "clerk",
      description: "Answers",
      model: "m",
      context: { recall: { pool: "team" }, pinned: ["Rates: 3 %"] },
    },
  });
  const writer = agent({
    ...{ name: "writer", description: "Writes" },
    run: (task, ctx) => ctx.memory.remember(String(task.input), { pool: "team" }),
  });
  const pools = { team: { read: [{ agent: "clerk" }], write: [{ agent: "writer" }] } };
  const world = await testAgent([keeper, writer], { model: shown, memory: { pools } });
  await world.run("Ann prefers letters", { target: { agent: "writer" } });
  const run = await world.run("How does Ann want it?");
  expect(run.output).toBe(
    'system: Always true:\n- Rates: 3 % | user: What is remembered, and may matter here:\n<data from="memory">\nAnn prefers letters\n</data>\n\nHow does Ann want it?',
  );
  expect(JSON.stringify(run.events)).toContain("all 1 memories");
  await world.close();
});

const look = tool({
  name: "look",
  description: "Looks",
  readOnly: true,
  input: z.object({ at: z.string() }),
  execute: ({ at }) => `${at}: ${"word ".repeat(150)}`,
});
/** Looks six times, then answers; a question for a summary it answers with how much it was told. */
const looking = ({ messages }: { readonly messages: readonly ModelMessage[] }) => {
  const summed = (text: string) => Number(/a summary of (\d+)/.exec(text)?.[1] ?? 0);
  const [first, second] = messages.map(({ content }) => content);
  if (first?.startsWith("Sum up"))
    return `a summary of ${summed(second ?? "") + (second?.match(/result of look/g)?.length ?? 0)} looks`;
  const text = messages.map(({ content }) => content).join("\n");
  const looks = summed(text) + messages.filter(({ role }) => role === "tool").length;
  const last = messages.findLast(({ role }) => role === "tool")?.content ?? "";
  const next = Number(/at(\d)/.exec(last)?.[1] ?? 0) + 1;
  if (next > 6) return `${looks} looks`;
  return { toolCalls: [{ id: `c${next}`, name: "look", input: { at: `at${next}` } }] };
};

test.each([
  [false, "3 looks"],
  [true, "6 looks"],
])(
  "a run that outgrows its window goes on with the newest, and with a summary of the rest where it is asked for: %j",
  async (summarise, output) => {
    const world = await testAgent(clerk({ maxTokens: 1_500, summarise }, { tools: [look] }), { model: looking });
    const run = await world.run("Look around");
    expect(run.output).toBe(output);
    const choices = run.events.flatMap(({ type, data }) =>
      type === "decision.made" &&
      "choice" in data &&
      "path" in data &&
      data.path?.startsWith("decision:prompt") === true
        ? [data.choice]
        : [],
    );
    expect(new Set(choices)).toEqual(new Set(summarise ? ["summarised", "whole"] : ["cut"]));
    expect(
      await replay(run.events, clerk({ maxTokens: 1_500, summarise }, { tools: [look] }), { taskId: run.taskId }),
    ).toEqual({
      ok: true,
    });
    await world.close();
  },
);

test("a window that is too small for what is never cut fails the task and says how much it is", async () => {
  const world = await testAgent(clerk({ maxTokens: 100, pinned: ["x".repeat(2_000)] }), { model: ["never asked"] });
  expect((await world.run("hi")).error).toMatchObject({ code: "TOO_LARGE" });
  expect(world.effects).toEqual([]);
  await world.close();
});

test("a window is for every strategy's and every run's questions, and a mistake in it is told", () => {
  expect(() => clerk({ window: 1 } as never)).toThrow("context: expected an object of maxTokens");
  expect(() => clerk({ maxTokens: 0 })).toThrow("context");
  expect(buildPrompt({ messages: [{ role: "user", content: "hi" }] }, { maxTokens: 50 }).messages).toHaveLength(1);
});

strategySuite({
  name: "react within a window, with summaries",
  agent: () => clerk({ maxTokens: 1_500, summarise: true, history: { maxTokens: 500 } }, { tools: [look] }),
  input: "Look around",
  model: looking,
  output: "6 looks",
  test,
});
