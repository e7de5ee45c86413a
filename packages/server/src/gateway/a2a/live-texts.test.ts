/** What models say, in streams before it is in the log: whatever is missed, a client that puts it together has the log's text. */
import { PlatformError } from "@agentcore/contract";
import type { Context } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Pause } from "../../../../core/test/engine-world.ts";
import { wrapStore } from "../../../../core/test/wrap-store.ts";
import { readSse } from "../../../test/gateway/gateway-fixture.ts";
import { Listener, SpeakingWorld } from "../../../test/gateway/speaking-world.ts";

const RESUMABLE_STREAMS = "https://agentcore.dev/a2a/extensions/resumable-streams/v1";

/** A letter by a model, and beside it what signals say, which also write into it. */
const write = async (ctx: Context): Promise<void> => {
  const letter = ctx
    .model({ messages: [{ role: "user", content: "hi" }], artifact: { name: "letter" } })
    .catch(() => undefined);
  for (let done = false; !done; ) {
    const what = await ctx.waitForSignal("do");
    done = what === "end";
    if (what === "progress") await ctx.progress("on its way");
    if (what === "write") await ctx.artifact({ name: "letter", text: "P.S. ", append: true });
    if (what === "replace") await ctx.artifact({ name: "letter", text: "Anew: " });
    if (what === "other") await ctx.artifact({ name: "note", text: "!", append: true });
  }
  await letter;
};

type Op =
  | { readonly type: "say"; readonly text: string; readonly begin: boolean }
  | { readonly type: "advance"; readonly ms: number }
  | { readonly type: "signal"; readonly payload: string }
  | { readonly type: "connect"; readonly listener: number; readonly back: number }
  | { readonly type: "pause" | "resume"; readonly listener: number }
  | { readonly type: "answer" | "fail" | "crash" | "hold" | "hide" | "release" | "deafen" | "cancel" };

const LISTENERS = 3;
const listener = fc.nat(LISTENERS - 1);
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      type: fc.constant("say" as const),
      // Few letters, so that a text often begins as another did; and halves of a letter.
      text: fc.constantFrom("a", "b", "ab", "\ud83d", "\ude00"),
      begin: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
    }),
  },
  { weight: 7, arbitrary: fc.record({ type: fc.constant("advance" as const), ms: fc.constantFrom(100, 250) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("signal" as const),
      payload: fc.constantFrom("progress", "write", "replace", "other"),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("connect" as const), listener, back: fc.nat(6) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom("pause" as const, "resume" as const), listener }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom(...(["fail", "crash", "hold", "hide", "release", "deafen"] as const)),
    }),
  },
  fc.record({ type: fc.constantFrom("answer" as const, "cancel" as const) }),
);

/** Does what is asked, lets everything come to an end, and expects what the test is for. */
const judge = async (ops: readonly Op[]): Promise<void> => {
  /** A write that has not begun, and one that is in the log before the process knows. */
  const [held, hidden] = [new Pause(), new Pause()];
  const speaking: SpeakingWorld = new SpeakingWorld(write, {
    wrap: (inner) =>
      wrapStore(inner, {
        async commit(next, units) {
          const written = await next(await held.pass(units));
          const told = hidden.pass(written);
          if (hidden.isHolding) (await speaking.world.alive()).engine.hub.notifyAll();
          return told;
        },
      }),
  });
  const { world } = speaking;
  const release = async (): Promise<void> => {
    for (const pause of [held, hidden]) if (pause.isHolding) pause.open();
    await world.quiet();
  };
  await speaking.begin();
  const listeners = Array.from({ length: LISTENERS }, () => new Listener(speaking));
  for (const each of listeners) await each.connect();
  let text = "";
  let asked = speaking.asked;
  const say = (more: string, begin: boolean): void => {
    const isFirst = begin || asked !== speaking.asked || text === "";
    asked = speaking.asked;
    text = isFirst ? more : text + more;
    asked?.call.onText?.(more, isFirst);
  };
  const answer = (): void => speaking.asked?.answer(asked === speaking.asked ? text : "the end");
  for (const each of ops) {
    if (each.type === "say") say(each.text, each.begin);
    if (each.type === "advance") await world.advance(each.ms);
    if (each.type === "signal") await speaking.signal(each.payload);
    if (each.type === "connect") await listeners[each.listener]?.connect(each.back);
    if (each.type === "pause") listeners[each.listener]?.pause();
    if (each.type === "resume") listeners[each.listener]?.resume();
    if (each.type === "answer") answer();
    if (each.type === "fail")
      speaking.asked?.fail(new PlatformError("UPSTREAM_FAILED", "cut off", { retryable: true }));
    if (each.type === "hold" && !held.isHolding) held.arm();
    if (each.type === "hide" && !hidden.isHolding) hidden.arm();
    if (each.type === "release") await release();
    // From here on streams hear of nothing but the log.
    if (each.type === "deafen") (await world.alive()).engine.hub.spoke = () => 0;
    if (each.type === "cancel") await speaking.cancel();
    if (each.type === "crash") {
      world.crash();
      await release();
      for (const one of listeners) await one.connect();
    }
    await world.quiet();
  }
  for (const each of listeners) each.resume();
  for (let round = 0; round < 20 && !listeners.every(({ isOver }) => isOver); round += 1) {
    await release();
    answer();
    await world.advance(1000);
    await speaking.signal("end");
  }
  const texts = await speaking.textsOfLog();
  // Of what never came into the log a client knows that it is nothing.
  const nothing = Object.fromEntries(listeners.flatMap((each) => Object.keys(each.texts).map((id) => [id, ""])));
  for (const each of listeners)
    expect({ isOver: each.isOver, ...nothing, ...each.texts }).toEqual({ isOver: true, ...nothing, ...texts });
};

const say = (text: string): Op => ({ type: "say", text, begin: false });
const later: Op = { type: "advance", ms: 250 };

/** Each is right by one rule only. */
const EXAMPLES: readonly (readonly Op[])[] = [
  // Read before the process knows that it is written.
  [say("a"), later, say("a"), { type: "hide" }, later, { type: "release" }, say("a"), later],
  // Taken up behind text that has come into the log since.
  [say("a"), later, say("a"), later, { type: "connect", listener: 0, back: 1 }],
  // Shown, and never written.
  [say("a"), later, say("a"), { type: "cancel" }],
  // Shown by a process that dies, in the middle and at the beginning of the text.
  [say("a"), later, say("b"), { type: "crash" }, say("ab"), later],
  [say("a"), { type: "crash" }, say("ab"), later],
  // Somebody else writes into the artifact in between.
  [say("a"), later, say("a"), { type: "signal", payload: "write" }, later],
  // Begun anew while what was said before is on its way into the log.
  [say("a"), later, say("b"), { type: "hold" }, later, { type: "say", text: "ab", begin: true }, { type: "release" }],
];

test("whatever is said, begun anew, missed, lost and taken up anywhere, each client has the log's text at the end", async () => {
  await fc.assert(fc.asyncProperty(fc.array(op, { minLength: 1, maxLength: 60 }), judge), {
    ...{ numRuns: 100, seed: 1, examples: EXAMPLES.map((ops) => [[...ops]] as [Op[]]) },
  });
}, 60_000);

const said = ({ frames }: Listener): unknown[] =>
  frames.map(({ id, response }) =>
    "artifactUpdate" in response
      ? [id, response.artifactUpdate.artifact.parts[0]?.text, response.artifactUpdate.append]
      : [id, Object.keys(response)[0]],
  );

test("a word is told of when it comes, and the event that has it says the rest: nothing, or what was missed", async () => {
  const speaking = new SpeakingWorld(write);
  const { world } = speaking;
  await speaking.begin();
  const before = (await speaking.log()).length;
  const listener = new Listener(speaking);
  await listener.connect();
  const onText = speaking.asked?.call.onText;
  onText?.("Dear ", true);
  await world.quiet();
  expect([said(listener), (await speaking.log()).length]).toEqual([
    [
      [`${before}`, "task"],
      [`${before}.1`, "Dear ", false],
    ],
    before,
  ]);
  onText?.("Ann", false);
  await world.quiet();
  listener.pause();
  onText?.(", ", false);
  await world.advance(250);
  onText?.("thanks", false);
  listener.resume();
  await world.advance(250);
  speaking.asked?.answer("Dear Ann, thanks");
  await world.quiet();
  expect(said(listener).slice(2)).toEqual([
    [`${before}.2`, "Ann", true],
    [`${before}.3`, ", ", true],
    [`${before + 1}`, "", true],
    [`${before + 1}.1`, "thanks", true],
    [`${before + 2}`, "", true],
    [`${before + 3}`, "", true],
  ]);
});

test("a client that has text beyond the log is given the task as of then, and all events since", async () => {
  const speaking = new SpeakingWorld(write);
  const { world } = speaking;
  await speaking.begin();
  const listener = new Listener(speaking);
  await listener.connect();
  const say = async (text: string) => {
    speaking.asked?.call.onText?.(text, text === "a");
    await world.quiet();
  };
  await say("a");
  await world.advance(250);
  const { length } = await speaking.log();
  await say("b");
  await speaking.signal("progress");
  const ids = listener.frames.map(({ id }) => id).slice(-3);
  // What is told while the client is ahead says so, also an event of the log.
  expect(ids).toEqual([`${length}`, `${length}.1`, `${length + 3}.1`]);
  await world.advance(250);
  const texts = listener.texts;
  const told = listener.frames.length;
  await listener.connect(1);
  expect(said(listener).slice(told)).toEqual([
    [`${length + 3}`, "task"],
    [`${length + 5}`, "b", true],
  ]);
  expect(listener.texts).toEqual(texts);
  // One that the log has confirmed goes on as ever.
  await listener.connect(5);
  expect(said(listener).slice(told + 2)).toEqual([
    [`${length + 3}`, "statusUpdate"],
    [`${length + 5}`, "b", true],
  ]);
});

test("what was shown and never written is taken back when that is known, and the task ends as the log says", async () => {
  const speaking = new SpeakingWorld(write);
  const { world } = speaking;
  await speaking.begin();
  const listener = new Listener(speaking);
  await listener.connect();
  speaking.asked?.call.onText?.("a", true);
  await world.advance(250);
  speaking.asked?.call.onText?.("b", false);
  await world.quiet();
  expect(listener.texts).toEqual({ letter: "ab" });
  await speaking.cancel();
  const { length } = await speaking.log();
  expect(said(listener).slice(-2)).toEqual([
    [undefined, "a", false],
    [`${length}`, "statusUpdate"],
  ]);
  expect([listener.texts, listener.isOver]).toEqual([{ letter: "a" }, true]);
});

test("streams that are numbered by the extension show the log alone", async () => {
  const speaking = new SpeakingWorld(write);
  const { world, fixture } = speaking;
  await speaking.begin();
  const init = { path: "/a2a/writer", headers: { "a2a-extensions": RESUMABLE_STREAMS } };
  const subscribed = fixture.rpc("SubscribeToTask", { id: speaking.taskId }, init);
  await world.quiet();
  const sse = readSse(await subscribed);
  expect((await sse.next())?.data.result.task).toBeDefined();
  const next = sse.next();
  speaking.asked?.call.onText?.("a", true);
  await world.quiet();
  speaking.asked?.call.onText?.("b", false);
  await world.advance(250);
  expect((await next)?.data.result.artifactUpdate.artifact.parts).toEqual([{ text: "ab" }]);
  await sse.cancel();
});

test("a task that nobody reads along rings nobody, and readers that leave, or hear of the log alone, keep nothing of what is said", async () => {
  const speaking = new SpeakingWorld(write);
  const { world, fixture } = speaking;
  await speaking.begin();
  const { engine, service } = await world.alive();
  const listeners = Array.from({ length: 50 }, () => new Listener(speaking));
  for (const each of listeners) each.pause();
  for (const each of listeners) await each.connect();
  const log = await service.follow({ tenantId: "default", caller: "local" }, speaking.taskId);
  while ((await log.read())?.length !== 0);
  let rung = 0;
  log.wait(() => (rung += 1));
  for (let word = 0; word < 1000; word += 1) speaking.asked?.call.onText?.("word ", word === 0);
  await world.quiet();
  expect(rung).toBe(0);
  for (const each of listeners) each.disconnect();
  await world.quiet();
  log.close();
  expect([engine.hub.size, fixture.gateway.openStreams]).toEqual([0, 0]);
  speaking.asked?.answer("word ".repeat(1000));
  await speaking.signal("end");
  expect(await speaking.textsOfLog()).toMatchObject({ letter: "word ".repeat(1000) });
});
