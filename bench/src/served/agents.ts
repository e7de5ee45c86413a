/** The agents that benchmarks of a whole node call. */
import { setTimeout as wait } from "node:timers/promises";
import { agent } from "@agentcore/sdk";

export const echo = agent({ name: "echo", description: "Says what it heard", run: (task) => task.input });

export const child = agent({ name: "child", description: "Measures a text", run: (task) => String(task.input).length });

export const threeSteps = agent({
  name: "three-steps",
  description: "Three steps, one after another, and a child",
  async run(task, ctx) {
    const first = await ctx.step("first", () => `1 ${String(task.input)}`);
    const second = await ctx.step("second", () => `2 ${first}`);
    const third = await ctx.step("third", () => `3 ${second}`);
    return ctx.command<number>({ agent: "child" }, third);
  },
});

const PATIENT_STEPS = 10;

/** A second of work in ten steps. */
export const patient = agent({
  name: "patient",
  description: "Ten steps of 100 ms",
  async run(task, ctx) {
    for (let step = 0; step < PATIENT_STEPS; step++) await ctx.step(`step-${step}`, () => wait(100, step));
    return task.input;
  },
});
