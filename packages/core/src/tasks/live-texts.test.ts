/** What models say before it is in the log, as a reader of the log has it: volatile, behind the last event, and never twice. */
import { expect, test } from "vitest";
import { define, EngineWorld, Pause, type Run, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { ModelAnswer, ModelCall } from "../ports/index.ts";

const HI = [{ role: "user" as const, content: "hi" }];
const letter: Run = async (_task, ctx) => (await ctx.model({ messages: HI, artifact: { name: "letter" } })).text;
const MAX_LIVE = 64 * 1024;

/** A task that has asked its models, and a reader that has read its log so far. */
const listening = async (run: Run = letter) => {
  const calls: ModelCall[] = [];
  const answers: ((answer: ModelAnswer) => void)[] = [];
  /** A write that has not begun, and one that is in the log before the process knows. */
  const [held, hidden] = [new Pause(), new Pause()];
  const world = new EngineWorld([define("writer", run, { model: "m" })], {
    models: {
      generate: (_request, call) =>
        new Promise((resolve) => {
          calls.push(call);
          answers.push(resolve);
        }),
      grant: async () => {},
    },
    wrap: (store) =>
      wrapStore(store, { commit: async (next, units) => hidden.pass(await next(await held.pass(units))) }),
  });
  const taskId = await world.submit("writer");
  const { service, engine } = await world.alive();
  const log = await service.follow(SCOPE, taskId, { live: true });
  const read = async (): Promise<void> => {
    await world.quiet();
    while ((await log.read())?.length);
  };
  await read();
  const texts = () => log.texts().map(({ artifact, append, text }) => [artifact.artifactId, append, text]);
  const say = (text: string, begin = false) => calls.at(-1)?.onText?.(text, begin);
  return { world, taskId, engine, log, read, texts, say, calls, answers, held, hidden };
};

test("a reader that waits is rung by each word, and one that has not read the log to its end sees none", async () => {
  const { world, taskId, log, read, texts, say } = await listening();
  let rung = 0;
  for (const word of ["Dear ", "Ann"]) {
    log.wait(() => (rung += 1));
    say(word, word === "Dear ");
  }
  expect([rung, texts()]).toEqual([2, [["letter", false, "Dear Ann"]]]);
  await world.advance(250);
  say(", thanks");
  expect(texts()).toEqual([]);
  await read();
  expect(texts()).toEqual([["letter", true, ", thanks"]]);
  const late = await (await world.alive()).service.follow(SCOPE, taskId);
  expect(late.texts()).toEqual([]);
  log.close();
  late.close();
  expect(texts()).toEqual([]);
});

test("what is on its way into the log is still to come, and is no more once it was read there, whatever the process knows", async () => {
  const { world, engine, taskId, read, texts, say, held, hidden } = await listening();
  say("a", true);
  held.arm();
  await world.advance(250);
  say("b");
  expect(texts()).toEqual([["letter", false, "ab"]]);
  hidden.arm();
  held.open();
  await world.quiet();
  engine.hub.notify({ tenantId: SCOPE.tenantId, taskId }, null);
  await read();
  expect(texts()).toEqual([]);
  hidden.open();
  await read();
  expect(texts()).toEqual([["letter", true, "b"]]);
});

test("a text that begins anew is told of when what was said before is in the log", async () => {
  const { world, read, texts, say, held } = await listening();
  say("old", true);
  held.arm();
  await world.advance(250);
  say("new", true);
  expect(texts()).toEqual([["letter", false, "old"]]);
  held.open();
  await read();
  expect(texts()).toEqual([["letter", false, "new"]]);
});

test("of an artifact that two calls write into only the log tells, and of others each", async () => {
  const { texts, calls } = await listening(async (_task, ctx) => {
    const names = ["both", "both", "own"];
    await Promise.all(names.map((name, key) => ctx.model({ messages: HI, artifact: { name }, key: `${key}` })));
  });
  for (const call of calls) call.onText?.("word", true);
  expect(texts()).toEqual([["own", false, "word"]]);
});

test("a letter comes whole, and of more than anybody can have missed the log tells", async () => {
  const { world, read, texts, say } = await listening();
  say("\ud83d", true);
  expect(texts()).toEqual([]);
  say("\ude00");
  expect(texts()).toEqual([["letter", false, "😀"]]);
  say("x".repeat(2 * MAX_LIVE));
  expect(texts()).toEqual([["letter", false, `😀${"x".repeat(MAX_LIVE - 2)}`]]);
  await world.advance(250);
  await read();
  expect(texts()).toEqual([]);
});

test("however fast models speak and however many listen, readers are rung no more often than the node has time for", async () => {
  const { world, taskId, log, read, texts, say } = await listening();
  const { service, engine } = await world.alive();
  const others = await Promise.all(Array.from({ length: 99 }, () => service.follow(SCOPE, taskId, { live: true })));
  let rung = 0;
  const speak = async (words: number): Promise<void> => {
    for (let word = 0; word < words; word += 1) {
      for (const each of [log, ...others]) {
        expect(await each.read()).toEqual([]);
        each.wait(() => (rung += 1));
      }
      say("w", true);
    }
  };
  await Promise.all(others.map(async (each) => void ((await each.read()) && (await each.read()))));
  await read();
  await speak(100);
  expect(rung).toBe(2500);
  await world.clock.advance(10);
  await speak(10);
  expect(rung).toBe(2600);
  // Nothing is lost by it but time.
  expect(texts()).toEqual([["letter", false, "w"]]);
  for (const each of [log, ...others]) each.close();
  expect(engine.hub.size).toBe(0);
});

test("a call that is over, or that nothing comes of any more, says nothing", async () => {
  const answered = await listening();
  answered.say("word", true);
  answered.answers[0]?.({ response: { text: "word", toolCalls: [], finishReason: "stop", usage: USAGE } });
  await answered.world.quiet();
  expect(answered.texts()).toEqual([]);
  const canceled = await listening();
  canceled.say("word", true);
  await canceled.world.cancel(canceled.taskId);
  canceled.say("more");
  await canceled.read();
  expect(canceled.texts()).toEqual([]);
});

const USAGE = { inputTokens: 1, outputTokens: 1 };
