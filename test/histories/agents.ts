/** FROZEN, see README.md. Agents whose logs are recorded: never change one, add another. */
import { agent, guardrail, PlatformError, RejectedError, TerminalError, tool } from "@agentcore/sdk";
import { z } from "zod";
import { outside } from "./outside.ts";

const codeOf = (error: unknown): string => PlatformError.from(error, "AGENT_FAILED").code;

export const steps = agent({
  name: "steps",
  description: "Steps one after the other, memory, artifacts and the senses",
  async run({ input }, ctx) {
    const first = await ctx.step("load", () => ({ input, seen: outside.next() }));
    await ctx.memory.set("last", first.seen);
    const again = await ctx.step("load", () => outside.next());
    await ctx.progress("half", 0.5);
    const kept = await ctx.memory.get("last");
    await ctx.artifact({ name: "report", data: { again, kept } });
    await ctx.artifact({ name: "report", text: "more", append: true, lastChunk: true });
    const keyed = await ctx.step("store", () => "stored", { key: "a/b" });
    await ctx.memory.delete("last");
    return { first, again, keyed, id: ctx.id(), random: ctx.random(), now: ctx.now(), patched: ctx.patched("new-way") };
  },
});

export const retries = agent({
  name: "retries",
  description: "Steps that fail: for a while, for good, and caught",
  async run(_task, ctx) {
    const late = await ctx.step("late", ({ attempt }) => {
      if (attempt < 3) throw new Error(`not yet at ${attempt}`);
      return attempt;
    });
    const caught = await ctx
      .step("never", () => Promise.reject(new Error("never")), { retry: { maxAttempts: 2, initialDelayMs: 10_000 } })
      .catch(codeOf);
    const terminal = await ctx
      .step("wrong", () => {
        throw new TerminalError("wrong", { details: { place: "here" } });
      })
      .catch(codeOf);
    return { late, caught, terminal };
  },
});

export const fails = agent({
  name: "fails",
  description: "Fails with what a step failed with",
  async run(_task, ctx) {
    await ctx.step("good", () => 1);
    return ctx.step("bad", () => {
      throw new TerminalError("out of order", { details: { part: 7 } });
    });
  },
});

export const rejects = agent({
  name: "rejects",
  description: "Takes no such work",
  async run(_task, ctx) {
    await ctx.step("look", () => 1);
    throw new RejectedError("not for me");
  },
});

export const commands = agent({
  name: "commands",
  description: "Children: one, several at once under keys, by capability, one that fails, one that nobody waits for, and queries",
  async run(_task, ctx) {
    const one = await ctx.command({ agent: "echo" }, { n: 1 });
    const several = await Promise.all([2, 3, 4].map((n) => ctx.command({ agent: "echo" }, { n }, { key: `n/${n}` })));
    const able = await ctx.command({ capability: "echo" }, "able");
    const failed = await ctx.command({ agent: "broken" }, null).catch(codeOf);
    const nobody = await ctx.command({ agent: "nobody" }, null).catch(codeOf);
    ctx.command({ agent: "echo" }, "alone", { key: "alone", detached: true }).catch(() => undefined);
    const asked = await ctx.query({ agent: "oracle" }, "what");
    await ctx.emit("done.all", { one }, { durable: true });
    return { one, several, able, failed, nobody, asked };
  },
});

export const waits = agent({
  name: "waits",
  description: "Asks people: in words, for data of a shape, twice at once; reads what else they say",
  async run(_task, ctx) {
    const name = await ctx.waitForInput("Who?");
    const age = await ctx.waitForInput({ prompt: "How old?", schema: z.object({ age: z.number() }), data: { name } });
    const greeted = await ctx.step("greet", () => `hello ${name}, ${age.age}`);
    const more = await ctx.waitForInput({ prompt: "More?", key: "more" });
    return { greeted, more, messages: ctx.messages.length };
  },
});

export const authorized = agent({
  name: "authorized",
  description: "Asks for access: granted, refused",
  async run(_task, ctx) {
    const granted = await ctx.waitForAuthorization({ name: "bank", prompt: "May I see the account?" });
    await ctx.step("look", () => "looked");
    const refused = await ctx.waitForAuthorization({ name: "mail", prompt: "May I read mail?" }).catch(codeOf);
    return { granted: granted.name, refused };
  },
});

export const decided = agent({
  name: "decided",
  description: "People decide: one, four eyes with a part handed over, divided, too late, taken back",
  async run(_task, ctx) {
    const one = await ctx.waitForDecision({ prompt: "Go?", show: { amount: 5 }, approvers: ["ann"] });
    const two = await ctx.waitForDecision({ key: "two", prompt: "Really?", approvers: ["bob", "carol"], fourEyes: 2 });
    const divided = await ctx
      .waitForDecision({ key: "divided", prompt: "Which?", choices: ["a", "b"], approvers: ["bob", "carol"], fourEyes: 2 })
      .catch(codeOf);
    const late = await ctx
      .waitForDecision({ ...{ key: "late", prompt: "Soon?", approvers: ["ann"] }, remindMs: 1_000, expiresMs: 60_000 })
      .catch(codeOf);
    const gone = new AbortController();
    const back = ctx.waitForDecision({ key: "back", prompt: "No?", signal: gone.signal }).catch(codeOf);
    await ctx.sleep(5_000);
    gone.abort();
    return { one: one.choice, two: two.by.map(({ caller }) => caller), divided, late, back: await back };
  },
});

export const sleeps = agent({
  name: "sleeps",
  description: "Sleeps: long, short, ended by a message, ended by a signal",
  async run(_task, ctx) {
    const began = ctx.now();
    await ctx.sleep(86_400_000);
    await ctx.sleep(10);
    await ctx.sleep(86_400_000, { key: "listening", untilMessage: true });
    const ended = new AbortController();
    const sleep = ctx.sleep(86_400_000, { key: "ended", signal: ended.signal }).catch(codeOf);
    await ctx.step("work", () => 1);
    ended.abort();
    return { slept: ctx.now() - began, ended: await sleep, messages: ctx.messages.length };
  },
});

export const races = agent({
  name: "races",
  description: "Several at once: the first, all, those that settle; what is not needed is withdrawn",
  async run(_task, ctx) {
    const first = await Promise.race([
      ctx.sleep(60_000, { key: "long" }).then(() => "long"),
      ctx.sleep(5_000, { key: "short" }).then(() => "short"),
      ctx.command({ agent: "slow" }, 1).then(() => "slow"),
    ]);
    const all = await Promise.all(["a", "b", "c"].map((key) => ctx.step("part", () => key, { key })));
    const settled = await Promise.allSettled([
      ctx.step("fine", () => 1),
      ctx.step("bad", () => {
        throw new TerminalError("bad");
      }),
    ]);
    const withdrawn = new AbortController();
    const child = ctx.command({ agent: "slow" }, 2, { key: "withdrawn", signal: withdrawn.signal }).catch(codeOf);
    const any = await Promise.any([ctx.command({ agent: "echo" }, "any"), child]);
    withdrawn.abort();
    return { first, all, settled: settled.map(({ status }) => status), any, child: await child };
  },
});

export const turns = agent({
  name: "turns",
  description: "Begins again five times, with what it knows",
  async run(task, ctx): Promise<unknown> {
    const known = (task.continuedFrom ?? { sum: 0, turn: 0 }) as { sum: number; turn: number };
    const part = await ctx.step("add", () => known.turn + 1);
    await ctx.sleep(2_000);
    const next = { sum: known.sum + part, turn: known.turn + 1 };
    if (next.turn < 5) return ctx.continueAs(next);
    return next;
  },
});

export const chooses = agent({
  name: "chooses",
  description: "Goes the way that it found when it looked",
  async run(_task, ctx) {
    const ways: string[] = [];
    for (const name of ["one", "two", "three"]) {
      const way = ctx.decide(name, () => ({ choice: outside.next() % 2 === 0 ? "even" : "odd", reasons: ["it was"] }));
      ways.push(way);
      await ctx.step(way, () => way);
    }
    return ways;
  },
});

export const thinks = agent({
  name: "thinks",
  description: "Asks the model and uses a tool",
  async run(_task, ctx) {
    const weather = tool({
      name: "weather",
      description: "Tells the weather",
      input: z.object({ city: z.string() }),
      execute: ({ city }) => `rain in ${city}`,
    });
    const answer = await ctx.model({ model: "m", messages: [{ role: "user", content: "Hello" }] });
    const rain = await ctx.tool(weather, { city: "Porto" });
    const second = await ctx.model({ model: "m", messages: [{ role: "user", content: rain }], key: "second" });
    return { answer: answer.text, rain, second: second.text };
  },
});

export const cleansUp = agent({
  name: "cleans-up",
  description: "Is canceled in the middle and lets go",
  async run(_task, ctx) {
    await ctx.step("take", () => "taken");
    try {
      await ctx.command({ agent: "slow" }, 1);
      return "done";
    } catch (error) {
      await ctx.step("let-go", () => "gone").catch(() => undefined);
      throw error;
    }
  },
});

export const compensates = agent({
  name: "compensates",
  description: "Is canceled in the middle and takes back what it did, for as long as it takes",
  compensates: true,
  async run(_task, ctx) {
    await ctx.step("reserve", () => "reserved");
    const canceled = new Promise<never>((_resolve, reject) => {
      ctx.signal.addEventListener("abort", () => reject(ctx.signal.reason as Error), { once: true });
    });
    try {
      await Promise.race([ctx.waitForInput("Shall I?"), canceled]);
      return "kept";
    } catch (error) {
      await ctx.step("release", ({ attempt }) => {
        if (attempt < 2) throw new Error("busy");
        return "released";
      });
      await ctx.sleep(10_000, { key: "settle" });
      await ctx.command({ agent: "echo" }, "released");
      throw error;
    }
  },
});

const looks = tool({
  ...{ name: "look", description: "Looks", input: z.object({ at: z.string() }), readOnly: true },
  execute: ({ at }) => `seen ${at}`,
});
const sends = tool({
  ...{ name: "send", description: "Sends", input: z.object({ to: z.string() }), maxCalls: 4 },
  approval: ({ to }) => to === "boss",
  execute: ({ to }) => `sent to ${to}`,
});

export const judged = agent({
  name: "judged",
  description: "Calls tools that policies, guardrails and people judge",
  guardrails: [
    guardrail({
      name: "polite",
      input: (value) => ({ change: `${String(value)}, please`, reason: "manners" }),
      tool: async ({ input }, ctx) => {
        const { to } = input as { to?: string };
        if (to === undefined) return undefined;
        await ctx.step(`think of ${to}`, () => 1);
        if (to === "nobody") return { refuse: "there is no such person" };
        return to === "all" ? { change: { to: "team" }, reason: "too many" } : undefined;
      },
      result: ({ result }) => (result === "seen door" ? { change: "seen a door", reason: "grammar" } : undefined),
      output: (value) => ({ change: { said: value }, reason: "form" }),
    }),
  ],
  async run(task, ctx) {
    const said: unknown[] = [task.input, await ctx.tool(looks, { at: "door" })];
    for (const to of ["nobody", "all", "boss", "eve", "fay"])
      said.push(await ctx.tool(sends, { to }, { key: to }).catch((error: PlatformError) => error.code));
    const turn = task.continuedFrom;
    if (turn === undefined) return ctx.continueAs(said);
    return [turn, said, await Promise.all(["a", "b"].map((at) => ctx.tool(looks, { at }, { key: at })))];
  },
});

/** Plain, and dies in the midst of a tool that may not act twice. */
export const cutOff = agent({
  name: "cut-off",
  description: "Calls tools whose process dies",
  async run(_task, ctx) {
    const write = tool({
      ...{ name: "write", description: "Writes", input: z.object({ line: z.number() }) },
      execute: ({ line }) => line,
    });
    const lines: unknown[] = [];
    for (const line of [1, 2, 3])
      lines.push(await ctx.tool(write, { line }).catch((error: PlatformError) => error.code));
    return [lines, await ctx.tool(looks, { at: "end" })];
  },
});
