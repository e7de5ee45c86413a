/** Agents as the tools that the protocol's conformance package calls by name, each doing what it asks of such a tool. */
import { agent } from "@agentcore/sdk";
import { z } from "zod";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const WAVE = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAAAAA==";
const nothing = z.object({});

export const text = agent({
  name: "text",
  description: "Simple text",
  input: nothing,
  run: () => "This is a simple text response for testing.",
});

export const image = agent({
  name: "image",
  description: "A picture",
  input: nothing,
  run: (_task, ctx) => ctx.artifact({ name: "pixel", parts: [{ raw: PIXEL, mediaType: "image/png" }] }),
});

export const audio = agent({
  name: "audio",
  description: "A sound",
  input: nothing,
  run: (_task, ctx) => ctx.artifact({ name: "sound", parts: [{ raw: WAVE, mediaType: "audio/wav" }] }),
});

export const resource = agent({
  name: "resource",
  description: "A document",
  input: nothing,
  run: (_task, ctx) =>
    ctx.artifact({ name: "note", parts: [{ text: "This is an embedded resource content.", mediaType: "text/plain" }] }),
});

export const mixed = agent({
  name: "mixed",
  description: "Several kinds of content",
  input: nothing,
  async run(_task, ctx) {
    await ctx.artifact({ name: "pixel", parts: [{ raw: PIXEL, mediaType: "image/png" }] });
    await ctx.artifact({ name: "data", data: { test: "data", value: 123 }, mediaType: "application/json" });
    return "Multiple content types test:";
  },
});

export const progress = agent({
  name: "progress",
  description: "Tells how far it is",
  input: nothing,
  async run(_task, ctx) {
    for (const share of [0, 0.5, 1]) {
      await ctx.progress("on its way", share);
      await ctx.step(`part ${share}`, () => new Promise((resolve) => setTimeout(resolve, 50)));
    }
    return "It is done.";
  },
});

export const error = agent({
  name: "error",
  description: "Fails",
  input: nothing,
  run() {
    throw new Error("This tool intentionally returns an error for testing");
  },
});

export const elicitation = agent({
  name: "elicitation",
  description: "Asks a person",
  input: z.object({ message: z.string() }),
  run: async ({ input }, ctx) => `User response: ${await ctx.waitForInput(input.message)}`,
});

export const name = agent({
  name: "name",
  description: "Asks for a name",
  input: nothing,
  async run(_task, ctx) {
    const schema = z.object({ name: z.string() });
    const { name: given } = await ctx.waitForInput({ key: "user_name", prompt: "What is your name?", schema });
    return `Hello, ${given}!`;
  },
});

export const rounds = agent({
  name: "rounds",
  description: "Asks twice",
  input: nothing,
  async run(_task, ctx) {
    const named = await ctx.waitForInput({ key: "step1", prompt: "Step 1: What is your name?" });
    const color = await ctx.waitForInput({ key: "step2", prompt: "Step 2: What is your favorite color?" });
    return { named, color };
  },
});

export const state = agent({
  name: "state",
  description: "Asks to confirm",
  input: nothing,
  async run(_task, ctx) {
    await ctx.waitForInput({ key: "confirm", prompt: "Please confirm" });
    return "state-ok";
  },
});
