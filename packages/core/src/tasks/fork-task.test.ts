/** Forks: a log that is taken over up to an event, and work that goes on from there for real. */
import { PlatformError } from "@agentcore/contract";
import type { ModelResponse } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { define, EngineWorld, outputOf, type Run, SCOPE } from "../../test/engine-world.ts";
import type { ForkRequest } from "./fork-task.ts";

const worldOf = (run: Run) => {
  const effects: string[] = [];
  const keys: string[] = [];
  const child = define("child", async (task, ctx) => {
    await ctx.sleep(2000);
    return task.input;
  });
  const world = new EngineWorld([define("agent", run), child]);
  const fork = async (taskId: string, request?: ForkRequest) => {
    const { service } = await world.alive();
    let refused: unknown = null;
    const forked = service.fork(SCOPE, taskId, request).catch((error: unknown) => {
      refused = error;
      return null;
    });
    await world.advance(0);
    const result = await forked;
    if (result === null) throw refused;
    return result;
  };
  /** As somebody who answers what is asked. */
  const toEnd = async (taskId: string): Promise<unknown> => {
    for (let round = 0; round < 10; round++) {
      await world.advance(5000);
      if ((await world.state(taskId)) !== "input-required") break;
      await world.say(taskId, "yes");
    }
    const last = await world.last(taskId);
    return last?.type === "task.completed" ? outputOf(last) : last;
  };
  return { world, effects, keys, fork, toEnd };
};

const everything =
  (effects: string[]): Run =>
  async (task, ctx) => {
    const turn = (task.continuedFrom as number | undefined) ?? 0;
    const effect = (name: string, result: unknown) => ctx.step(name, () => (effects.push(`${turn}:${name}`), result));
    await effect(`first-${ctx.id().slice(0, 4)}`, 1);
    await ctx.artifact({ name: `report-${turn}`, text: "so far" });
    const drawn = ctx.random();
    const [random] = await Promise.all([
      ctx.step("random", () => drawn),
      ctx.command({ agent: "child" }, { id: ctx.id() }),
      effect("side", 2),
    ]);
    await ctx.progress("half way", 0.5);
    const way = ctx.decide("way", () => (typeof random === "number" ? "on" : "off"));
    await ctx.sleep(1500);
    if (ctx.patched("ask")) await ctx.waitForInput("sure?");
    await ctx.step("unsteady", () => {
      effects.push(`${turn}:unsteady`);
      if (effects.filter((each) => each === `${turn}:unsteady`).length === 1) throw new Error("at first");
      return "in the end";
    });
    if (turn === 0) return ctx.continueAs(1);
    return [turn, way];
  };

test("forked at any event, a task comes to the same end, and nothing that it had recorded is done again", async () => {
  const { world, effects, fork, toEnd } = worldOf((task, ctx) => everything(effects)(task, ctx));
  const taskId = await world.submit("agent", { amount: 1 });
  expect(await toEnd(taskId)).toEqual([1, "on"]);
  const log = await world.log(taskId);
  const all = [...new Set(effects)];
  expect(log.length).toBeGreaterThan(40);
  for (const { seq } of log) {
    const last = log.slice(0, seq).findLastIndex(({ type }) => type === "checkpoint.created");
    const turn = last === -1 ? 0 : 1;
    const recorded = new Set(
      log
        .slice(0, seq)
        .flatMap((event, index) =>
          event.type === "step.completed" ? [`${index < last || turn === 0 ? 0 : 1}:${event.data.path.slice(5)}`] : [],
        ),
    );
    effects.length = 0;
    const forked = await fork(taskId, { at: seq });
    expect(await toEnd(forked.taskId), `forked at ${seq}`).toEqual([1, "on"]);
    expect(
      effects.filter((each) => recorded.has(each)),
      `forked at ${seq}`,
    ).toEqual([]);
    const began = all.filter((each) => !recorded.has(each) && !(turn === 1 && each.startsWith("0:")));
    const names = (list: readonly string[]) => new Set(list.map((each) => each.replace(/first-.*/, "first")));
    expect(names(effects), `forked at ${seq}`).toEqual(names(began));
    const [first] = await world.log(forked.taskId);
    expect(first).toMatchObject({ data: { forkedFrom: { taskId, seq } } });
    const view = await (await world.alive()).service.view(SCOPE, forked.taskId);
    expect(view.artifacts?.map(({ name }) => name)).toEqual(["report-0", "report-1", "output"]);
    expect(view.metadata).toEqual({ "https://agentcore.dev/a2a/forked-from": { taskId, seq } });
    const again = await fork(forked.taskId);
    expect(await toEnd(again.taskId), `forked at ${seq}, and again at its end`).toEqual([1, "on"]);
  }
}, 60_000);

test("keys of steps, children and questions are the fork's own; ids drawn before are those of then", async () => {
  const keys: string[] = [];
  const { world, fork, toEnd } = worldOf(async (_, ctx) => {
    const before = ctx.id();
    await ctx.step("a", () => 1);
    await ctx.step("b", ({ idempotencyKey }) => void keys.push(idempotencyKey));
    await ctx.command({ agent: "child" }, before);
    return [before, ctx.id()];
  });
  const taskId = await world.submit("agent");
  const [before, after] = (await toEnd(taskId)) as [string, string];
  const at = (await world.log(taskId)).find(({ type }) => type === "step.completed")?.seq ?? 0;
  const forked = await fork(taskId, { at });
  const own = (await toEnd(forked.taskId)) as [string, string];
  expect(own[0]).toBe(before);
  expect(own[1]).not.toBe(after);
  expect(new Set(keys).size).toBe(2);
  expect(await world.children(forked.taskId)).toHaveLength(1);
  expect((await world.head(forked.taskId))?.parent).toBeNull();
});

test("results are changed where they were recorded, also of calls under way, and what comes after is done anew", async () => {
  const { world, effects, fork, toEnd } = worldOf(async (_, ctx) => {
    const score = await ctx.step("score", () => (effects.push("score"), 1));
    await ctx.step("tell", () => void effects.push(`tell ${score}`));
    const way = ctx.decide("way", () => (score > 2 ? "high" : "low"));
    const said = await ctx.waitForInput("sure?");
    return [score, way, said];
  });
  const taskId = await world.submit("agent");
  const changed = await fork(taskId, { set: { "step:score": 3 } });
  expect(await toEnd(changed.taskId)).toEqual([3, "high", "yes"]);
  expect(effects).toEqual(["score", "tell 1", "tell 3"]);
  const answered = await fork(taskId, { set: { "input:input": "as if" } });
  expect(await toEnd(answered.taskId)).toEqual([1, "low", "as if"]);
  const decided = await fork(taskId, { set: { "decision:way": "high" } });
  expect(await toEnd(decided.taskId)).toEqual([1, "high", "yes"]);
  expect(effects).toHaveLength(3);
  await expect(fork(taskId, { set: { "step:other": 1 } })).rejects.toMatchObject({
    violations: [{ field: "set.step:other", description: expect.stringContaining("step:score") }],
  });
  await expect(fork(taskId, { set: { "decision:way": 1 } })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("what a wait is to have heard has the form that it gives its code, whether it had heard something or not", async () => {
  const { world, fork, toEnd } = worldOf(async (_, ctx) => {
    const paid = await ctx.waitForSignal("paid");
    const both = [paid, await ctx.waitForSignal("paid")];
    const { choice, by } = await ctx.waitForDecision({ prompt: "Pay?" });
    const { topic, payload } = await ctx.waitForEvent("order.sent");
    return [...both, choice, by, topic, payload];
  });
  const taskId = await world.submit("agent");
  await world.signal(taskId, "paid", 1);
  const [one, other] = ["signal:paid", "signal:paid#2"] as const;
  const event = { id: "e", topic: "order.sent", source: "shop", payload: { order: 7 } };
  const heard = { [one]: 5, [other]: 6 };
  const first = await fork(taskId, { set: heard });
  await world.advance(0);
  expect(await world.state(first.taskId)).toBe("input-required");
  await world.decide(first.taskId, { token: await world.token(first.taskId), choice: "reject" });
  expect(await world.state(first.taskId)).toBe("working");
  const approval = "approval:approval";
  await expect(fork(first.taskId, { set: { [approval]: "approve" } })).rejects.toMatchObject({
    violations: [{ field: `set.${approval}`, description: expect.stringContaining("expected a decision") }],
  });
  await expect(fork(first.taskId, { set: { "event:order.sent": 1 } })).rejects.toMatchObject({
    violations: [{ field: "set.event:order.sent", description: expect.stringContaining("expected an event") }],
  });
  const last = await fork(first.taskId, { set: { [approval]: { choice: "approve" }, "event:order.sent": event } });
  expect(await toEnd(last.taskId)).toEqual([5, 6, "approve", [], "order.sent", { order: 7 }]);
});

test("with another input it begins anew, or goes on where it is told, unless the code does not come there", async () => {
  const { world, effects, fork, toEnd } = worldOf(async (task, ctx) => {
    const { n } = task.input as { n: number };
    const a = await ctx.step("a", () => (effects.push("a"), n));
    const b = n > 5 ? 0 : await ctx.command<number>({ agent: "child" }, a);
    return [n, a, b];
  });
  const taskId = await world.submit("agent", { n: 1 });
  expect(await toEnd(taskId)).toEqual([1, 1, 1]);
  const anew = await fork(taskId, { input: { n: 2 } });
  expect(await toEnd(anew.taskId)).toEqual([2, 2, 2]);
  const { seq } = (await world.log(taskId)).find((event) => event.type === "step.completed") ?? { seq: 0 };
  expect(await toEnd((await fork(taskId, { input: { n: 3 }, at: seq })).taskId)).toEqual([3, 1, 1]);
  const all = (await world.log(taskId)).length;
  const refused = fork(taskId, { input: { n: 9 }, at: all });
  const command = (await world.log(taskId)).find(
    ({ data }) => "path" in data && data.path?.startsWith("command:"),
  )?.seq;
  await expect(refused).rejects.toMatchObject({ code: "REPLAY_DIFFERS", details: { seq: command } });
  await expect(fork(taskId, { at: all + 1 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("a fork under other code goes on with that, or is refused where it parts", async () => {
  const { world, fork, toEnd } = worldOf(async (_, ctx) => {
    await ctx.step("a", () => 1);
    throw new PlatformError("AGENT_FAILED", "not yet");
  });
  const taskId = await world.submit("agent");
  expect(await world.state(taskId)).toBe("failed");
  world.change(define("agent", async (_, ctx) => [await ctx.step("a", () => 2), await ctx.step("b", () => 3)]));
  expect(await toEnd((await fork(taskId, { revision: "current" })).taskId)).toEqual([1, 3]);
  world.change(define("agent", async (_, ctx) => ctx.step("c", () => 2)));
  await expect(fork(taskId)).rejects.toMatchObject({ code: "REPLAY_DIFFERS", details: { path: "step:a" } });
});

test("what was told to end is forked before that; a fork past it is refused; the same key makes one fork", async () => {
  const { world, effects, fork, toEnd } = worldOf(async (_, ctx) => {
    await ctx.step("a", () => void effects.push("a"));
    await ctx.sleep(60_000);
    return "slept";
  });
  const taskId = await world.submit("agent");
  await world.cancel(taskId);
  const { length } = await world.log(taskId);
  await expect(fork(taskId, { at: length })).rejects.toMatchObject({ code: "REPLAY_DIFFERS" });
  const one = await fork(taskId, { idempotencyKey: "k" });
  const two = await fork(taskId, { idempotencyKey: "k" });
  expect([one.existing, two]).toEqual([false, { ...one, existing: true }]);
  await expect(fork(taskId, { idempotencyKey: "k", at: 1 })).rejects.toMatchObject({ code: "CONFLICT" });
  await world.advance(60_000);
  expect(await toEnd(one.taskId)).toBe("slept");
  expect(effects).toEqual(["a"]);
});

test("another caller's task cannot be forked, and another tenant's neither", async () => {
  const { world } = worldOf(() => 1);
  const taskId = await world.submit("agent");
  const { service } = await world.alive();
  for (const scope of [
    { ...SCOPE, caller: "eve" },
    { tenantId: "other", caller: "ann", operator: true },
  ]) {
    await expect(service.fork(scope, taskId)).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
    await expect(service.replay(scope, taskId)).rejects.toMatchObject({ code: "TASK_NOT_FOUND" });
  }
});

test("of the text of a model that was under way nothing comes along, so code that asks it otherwise can go on", async () => {
  const asking =
    (content: string): Run =>
    async (_task, ctx) => {
      await ctx.artifact({ name: "notes", text: "whole" });
      return (await ctx.model({ messages: [{ role: "user", content }], artifact: { name: "letter" } })).text;
    };
  const world = new EngineWorld([define("agent", asking("write"), { model: "m" })], {
    models: {
      grant: () => Promise.reject(new Error("not asked")),
      async generate({ messages }, { signal, onText }) {
        if (messages[0]?.content === "write well") return { response: answerOf("well") };
        onText?.("bad", true);
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
        });
      },
    },
  });
  const taskId = await world.submit("agent");
  await world.advance(250);
  await world.cancel(taskId);
  await world.advance(1000);
  expect(await world.state(taskId)).toBe("canceled");
  world.change(define("agent", asking("write well"), { model: "m" }));
  const { service } = await world.alive();
  const forking = service.fork(SCOPE, taskId, { revision: "current" });
  await world.advance(1000);
  const fork = (await forking).taskId;
  expect(outputOf(await world.last(fork))).toBe("well");
  const made = (await world.log(fork)).flatMap(({ type, data }) =>
    type === "artifact.appended" ? [[data.artifact.name, data.artifact.parts[0]?.text]] : [],
  );
  expect(made).toEqual([
    ["notes", "whole"],
    ["letter", "well"],
  ]);
});

const answerOf = (text: string): ModelResponse => ({
  ...{ text, toolCalls: [], finishReason: "stop" },
  usage: { inputTokens: 1, outputTokens: 1 },
});
