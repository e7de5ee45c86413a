/** Streams of logs as they are, which are read in turns. */
import type { TaskEvent } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";
import { expect, test } from "vitest";
import { define, EngineWorld } from "../../../../core/test/engine-world.ts";
import { HeldFeed } from "./held-feed.ts";
import { PendingAnswers } from "./pending-answers.ts";
import { StreamRoom } from "./stream-room.ts";

const MB = 1_000_000;
const ANN = { tenantId: "default", caller: "ann" };
const BOB = { tenantId: "default", caller: "bob" };
const isLarge = (event: TaskEvent): boolean => event.type === "artifact.appended";

test("of many streams that hear of the same large event few read it at once; none ends, and those that stall stop no other caller", async () => {
  const world = new EngineWorld([
    define("large", async (_, ctx) => {
      await ctx.waitForInput("?");
      await ctx.artifact({ name: "large", parts: [{ text: "x".repeat(MB) }] });
      await ctx.waitForInput("!");
    }),
  ]);
  const { service } = await world.alive();
  const answers = new PendingAnswers({ max: 100 * MB, maxPerCaller: 4 * MB });
  const begin = async (scope: CallerScope) => {
    const { taskId } = await service.submit(scope, { target: { agent: "large" } });
    await world.quiet();
    const message = { messageId: "m", role: "ROLE_USER" as const, parts: [{ text: "go" }] };
    return { taskId, go: () => service.send(scope, taskId, message).then(() => world.quiet()) };
  };
  const follow = async (scope: CallerScope, taskId: string) => {
    const room = new StreamRoom(answers, scope);
    const feed = new HeldFeed(await service.follow(scope, taskId, { hasRoom: room.hasRoom }), room);
    const seen = { large: 0 };
    const ended = (async () => {
      for (;;) {
        const piece = await feed.read();
        if (piece === null) return;
        if (piece.length === 0) await new Promise<void>((resolve) => feed.wait(resolve));
        if (!piece.some(isLarge)) continue;
        seen.large += 1;
        await taking;
      }
    })();
    return { feed, seen, ended };
  };
  let take = (): void => {};
  const taking = new Promise<void>((resolve) => (take = resolve));
  const [ofAnn, ofBob] = [await begin(ANN), await begin(BOB)];
  const streams = await Promise.all(Array.from({ length: 150 }, () => follow(ANN, ofAnn.taskId)));
  const bobs = await follow(BOB, ofBob.taskId);
  await world.quiet();
  await ofAnn.go();
  const read = () => streams.filter(({ seen }) => seen.large > 0).length;
  expect(read()).toBeGreaterThanOrEqual(4);
  // Four fill the bound, and the last of them was not alone.
  expect(read()).toBeLessThan(4 + 16);
  await ofBob.go();
  expect(bobs.seen.large).toBe(1);
  take();
  await expect.poll(read).toBe(streams.length);
  await expect.poll(() => answers.bytes).toBe(0);
  for (const { feed } of [...streams, bobs]) feed.close();
  await Promise.all(streams.map(({ ended }) => ended));
});

test("what has begun to be read is read to its end, whatever others take meanwhile, and nothing after it without room", () => {
  const answers = new PendingAnswers({ max: 100 * MB, maxPerCaller: 4 * MB });
  const room = new StreamRoom(answers, ANN);
  expect(room.hasRoom()).toBe(true);
  const release = answers.count(ANN, 5 * MB);
  expect([room.hasRoom(), room.isWaitedFor]).toEqual([true, false]);
  room.endRead();
  expect([room.hasRoom(), room.isWaitedFor]).toEqual([false, true]);
  release();
  expect(room.hasRoom()).toBe(true);
});
