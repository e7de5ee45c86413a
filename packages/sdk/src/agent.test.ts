import type { AgentDefinition, Strategy, TaskInput } from "@agentcore/contract/authoring";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { agent } from "./agent.ts";
import { react } from "./strategy/react.ts";
import { tool } from "./tool.ts";

const described = { name: "clerk", description: "Files things" };
const echo = tool({
  name: "echo",
  description: "Says it again",
  input: z.object({ text: z.string() }),
  execute: ({ text }) => text,
});

describe("agent()", () => {
  test("fills in what was left out and freezes the result", () => {
    const clerk = agent({ ...described, run: () => 1 });
    expect(clerk).toMatchObject({
      version: "0.1.0",
      labels: {},
      tools: [],
      skills: [{ id: "clerk", name: "clerk", description: "Files things", tags: [] }],
      idempotent: false,
      subscribes: [],
    });
    expect(
      [clerk, clerk.skills, clerk.skills[0], clerk.tools, clerk.labels, clerk.subscribes].every(Object.isFrozen),
    ).toBe(true);
  });

  test("a model without run gets what its strategy makes of it, and nothing of that stays on the definition", async () => {
    expect(agent({ ...described, model: "m", instructions: "File." }).run).toBeTypeOf("function");
    const telling: Strategy = (spec) => async () => spec as never;
    const clerk = agent({ ...described, model: "m", instructions: "File.", tools: [echo], strategy: telling });
    expect(clerk).not.toHaveProperty("strategy");
    expect(await clerk.run?.({} as never, {} as never)).toMatchObject({
      ...{ name: "clerk", model: "m", instructions: "File.", tools: [echo] },
    });
    expect(agent({ ...described, answer: () => 1 }).run).toBeUndefined();
  });

  test("a run of one's own is kept beside a model", () => {
    const run = () => 1;
    expect(agent({ ...described, model: "m", run }).run).toBe(run);
  });

  const run = () => 1;
  const mistakes: [string, object, RegExp][] = [
    [
      "a name that is no RFC 1123 label",
      { ...described, name: "Clerk!", run },
      /agent "Clerk!": name: expected lower-case.*got "Clerk!"/,
    ],
    ["no name", { description: "x", run }, /agent without a name: name: expected/],
    ["no description", { name: "clerk", run }, /agent "clerk": description: expected/],
    ["an empty skill id", { ...described, run, skills: [{ id: "" }] }, /skills\[0\]\.id: expected an id, got ""/],
    [
      "a skill id used twice",
      { ...described, run, skills: [{ id: "a" }, { id: "a" }] },
      /skills\[1\]\.id: expected a new id, "a"/,
    ],
    ["a strategy beside run", { ...described, run, strategy: react() }, /strategy: says nothing beside run/],
    [
      "a strategy that is none",
      { ...described, strategy: "react" },
      /strategy: expected a strategy, such as react\(\)/,
    ],
    ["nothing that works", described, /run: expected at least one of run, model, strategy, answer/],
    ["two tools of one name", { ...described, run, tools: [echo, echo] }, /tools\[1\]: expected a new name, "echo"/],
    [
      "a tool that is none",
      { ...described, run, tools: [{ name: "x" }] },
      /tools\[0\]: expected a tool made by tool\(\)/,
    ],
    [
      "a schema without ~standard",
      { ...described, run, input: { type: "object" } },
      /input: expected a Standard Schema/,
    ],
    ["an output that is no schema", { ...described, run, output: 5 }, /output: expected a Standard Schema.*got 5/],
    ["a misspelt field", { ...described, run, instuctions: "x" }, /instuctions: unknown field/],
    [
      "a timeout that is no count",
      { ...described, run, timeoutMs: -1 },
      /timeoutMs: expected a whole number above 0, got -1/,
    ],
    ["a run that is no function", { ...described, run: "x" }, /run: expected a function, got "x"/],
  ];
  test.each(mistakes)("refuses %s", (_, options, message) => {
    const define = () => agent(options as Parameters<typeof agent>[0]);
    expect(define).toThrow(message);
    expect(define).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", violations: [expect.anything()] }));
  });

  test("refuses a model's tool whose input is no object", () => {
    const lookup = tool({ name: "lookup", description: "d", input: z.string(), execute: (id) => id });
    expect(() => agent({ ...described, model: "m", tools: [lookup] })).toThrow(/tools\[0\]: expected an object/);
    expect(() => agent({ ...described, tools: [lookup], run })).not.toThrow();
  });
});

describe("types", () => {
  const Input = z.object({ id: z.string(), size: z.number().default(1) });
  const Output = z.object({ verdict: z.enum(["yes", "no"]), note: z.string().optional() });

  test("schemas type the task's input and hold run to the output", () => {
    const judge = agent({
      ...described,
      input: Input,
      output: Output,
      run(task) {
        expectTypeOf(task).toEqualTypeOf<TaskInput<{ id: string; size: number }>>();
        return { verdict: "yes" };
      },
    });
    expectTypeOf(judge).toEqualTypeOf<AgentDefinition<z.output<typeof Input>, z.output<typeof Output>>>();
  });

  test("an async run is held to the output too", () => {
    agent({
      ...described,
      output: Output,
      run: async (_task, ctx) => ({ verdict: await ctx.step("s", () => "no" as const) }),
    });
    // @ts-expect-error "maybe" is no verdict
    agent({ ...described, output: Output, run: async (task) => ({ verdict: "maybe", note: task.id }) });
    // @ts-expect-error nothing is returned
    agent({ ...described, output: Output, run: () => undefined });
  });

  test("enum members and empty lists need no help in a run that uses its arguments", () => {
    const output = z.object({ verdict: z.enum(["yes", "no"]), reasons: z.array(z.string()) });
    agent({
      ...described,
      input: Input,
      output,
      run: async (task, ctx) => {
        await ctx.sleep(task.input.size);
        return { verdict: "no", reasons: [] };
      },
    });
  });

  test("without schemas the input is unknown and the output is what run returns", () => {
    const counter = agent({
      ...described,
      run: async (task) => {
        expectTypeOf(task.input).toBeUnknown();
        return { count: 1 };
      },
    });
    expectTypeOf(counter).toEqualTypeOf<AgentDefinition<unknown, { count: number }>>();
  });

  test("a model agent has its output schema's type", () => {
    const judge = agent({ ...described, model: "m", instructions: "Judge.", output: Output, tools: [echo] });
    expectTypeOf(judge).toEqualTypeOf<AgentDefinition<unknown, z.output<typeof Output>>>();
  });
});
