/** Agents that are run in the node and apart from it. */
import { appendFileSync, writeSync } from "node:fs";
import { parentPort, threadId } from "node:worker_threads";
import { agent, CancelledError, RejectedError, tool } from "@agentcore/sdk";
import { z } from "zod";

/** Where code runs: the process, and the thread in it. */
const place = (): string => `${process.pid}/${threadId}`;

const double = tool({
  name: "double",
  description: "Doubles",
  input: z.object({ n: z.number() }),
  execute: ({ n }, { idempotencyKey }) => ({ n: n * 2, keyed: idempotencyKey.length }),
});

/** Judged before it runs: by whom it may be called, how often, and whether people are asked. */
const guarded = tool({
  name: "guarded",
  description: "Adds",
  input: z.object({ a: z.number(), b: z.number().default(1) }),
  output: z.object({ sum: z.number() }),
  maxCalls: 2,
  idempotent: true,
  approval: ({ a }) => a > 100,
  execute: ({ a, b }) => ({ sum: a + b }),
});

export const child = agent({ name: "child", description: "Adds one", run: (task) => Number(task.input) + 1 });

const Input = z.object({ n: z.number().default(20), fail: z.boolean().optional() });

/** All of `ctx`, and the order that it comes in. */
export const everything = agent({
  name: "everything",
  description: "Does all that an agent can do",
  input: Input,
  output: z.object({ place: z.string(), said: z.array(z.unknown()) }),
  async run(task, ctx) {
    const said: unknown[] = [];
    ctx.log.info("begins", { n: task.input.n });
    const drawn = [ctx.random(), ctx.id(), ctx.now()];
    said.push(
      drawn.map((each) => typeof each),
      ctx.random() !== drawn[0],
      ctx.patched("later"),
    );
    said.push(
      ctx.decide("way", () => ({
        choice: "left",
        reasons: ["it is shorter"],
        scores: [{ candidate: "left", score: 1 }],
      })),
    );
    let tries = 0;
    said.push(
      await ctx.step(
        "flaky",
        ({ attempt, idempotencyKey, input }) => {
          tries += 1;
          if (attempt === 1) throw new Error("not yet");
          return { attempt, keyed: idempotencyKey.length, input };
        },
        { input: { a: 1 }, retry: { initialDelayMs: 1 } },
      ),
    );
    said.push(await ctx.tool(double, { n: task.input.n }));
    said.push(await ctx.tool(guarded, { a: 1, b: 2 }), await ctx.tool(guarded, { a: 2 } as never));
    said.push(await ctx.tool(guarded, { a: 3, b: 1 }).catch((error: Error) => error.message));
    said.push(await ctx.memory.remember({ text: "what is kept", key: "k" } as never).then(({ kept }) => kept));
    said.push(await ctx.tool(double, { n: "x" } as never).catch((error: Error) => (error as { code?: string }).code));
    const race = [
      ctx.step("slow", () => new Promise((done) => setTimeout(() => done("slow"), 30))),
      ctx.step("fast", () => "fast"),
    ];
    said.push(await Promise.race(race), await Promise.all(race));
    await ctx.artifact({ name: "note", text: "hello" });
    await ctx.progress("half way", 0.5);
    await ctx.memory.set("seen", { n: task.input.n });
    said.push(await ctx.memory.get("seen"));
    said.push(await ctx.command({ agent: "child" }, task.input.n));
    said.push(await ctx.step("void", () => undefined), ctx.messages.length);
    const stop = new AbortController();
    const waiting = ctx
      .waitForSignal("never", { signal: stop.signal })
      .catch((error: unknown) => CancelledError.is(error) && error.code);
    await ctx.sleep(1);
    stop.abort();
    said.push(await waiting);
    said.push(await ctx.step("bad", () => new Map([[1, 2]])).catch((error: Error) => error.message));
    said.push(await ctx.waitForInput({ prompt: "How many?", schema: z.coerce.number() }));
    if (task.input.fail === true) throw new RejectedError("it was to fail");
    return { place: place(), said: [...said, tries > 0] };
  },
});

/** A step whose effect is counted in a file, and that waits in it until the file says to go on. */
export const counting = agent({
  name: "counting",
  description: "Counts what it does",
  async run(task, ctx) {
    const { file } = task.input as { file: string };
    const first = await ctx.step("first", () => {
      appendFileSync(file, "first\n");
      return place();
    });
    await ctx.step("second", async ({ idempotencyKey }) => {
      appendFileSync(file, `second ${process.pid} ${idempotencyKey}\n`);
      if (first === place()) await new Promise((done) => setTimeout(done, 60_000));
    });
    appendFileSync(file, "end\n");
    return [first, place()];
  },
});

export const busy = agent({
  name: "busy",
  description: "Never comes to rest",
  run() {
    for (;;);
  },
});

export const greedy = agent({
  name: "greedy",
  description: "Takes all memory there is",
  run() {
    const all: unknown[] = [];
    for (;;) all.push(Array.from({ length: 1_000 }, () => ({})));
  },
});

export const mortal = agent({
  name: "mortal",
  description: "Ends what it runs in",
  run: () => process.exit(3),
});

/** Says to the node what is no message, as a library may that takes the thread or the descriptor for its own. */
export const babbling = agent({
  name: "babbling",
  description: "Babbles",
  async run() {
    if (parentPort === null) writeSync(4, "x\n");
    else parentPort.postMessage("x");
    await new Promise(() => {});
  },
});

export const curious = agent({
  name: "curious",
  description: "Looks at the environment",
  run: (_, ctx) => ({ secret: process.env["AGENTCORE_TEST_SECRET"] ?? null, own: ctx.env["OWN"] ?? null }),
  answer: async (query, ctx) => ({ payload: query.payload, tenant: ctx.tenantId, own: ctx.env["OWN"], place: place() }),
});

export const asking = agent({
  name: "asking",
  description: "Asks the curious one",
  run: (task, ctx) => ctx.query({ agent: "curious" }, task.input),
});

/** Takes a text and gives it back; its tool is told of it too. */
export const repeating = agent({
  name: "repeating",
  description: "Repeats",
  run: async (task, ctx) => [task.input, await ctx.tool(double, { n: 1, note: task.input } as never)],
});

export const compensating = agent({ name: "compensating", description: "Takes back", compensates: true, run: () => 1 });
