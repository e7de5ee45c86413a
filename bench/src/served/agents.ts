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

/** Of one stream of `stream-events`, besides the output. */
export const UPDATES = 100;

/** Says what it heard in a hundred pieces. */
export const talker = agent({
  name: "talker",
  description: "Says what it heard a hundred times",
  async run(task, ctx) {
    for (let update = 0; update < UPDATES; update++)
      await ctx.artifact({
        name: "talk",
        text: `${update} ${String(task.input)}`,
        append: update > 0,
        lastChunk: false,
      });
    return task.input;
  },
});

const AN_HOUR_MS = 3_600_000;

/** Waits, longer than any benchmark. */
export const listener = agent({
  name: "listener",
  description: "Waits an hour",
  run: (_task, ctx) => ctx.sleep(AN_HOUR_MS),
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
