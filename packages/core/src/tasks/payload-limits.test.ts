/** How much a task may hold, and what is said beyond it (docs/configuration.md, docs/tasks.md). */
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, outputOf, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import { assertSerialisable, MAX_VALUE_BYTES } from "../payloads/serialisable.ts";
import type { WaitingMail } from "../ports/index.ts";

const large = "x".repeat(MAX_VALUE_BYTES);
const caught = (call: () => Promise<unknown>) =>
  call().then(
    () => "nothing",
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );

test("a value of just the limit is kept, one byte more is not, whatever its characters take", () => {
  for (const character of ["x", "ü", "€", "\u0000", '"']) {
    const each = new TextEncoder().encode(JSON.stringify(character)).byteLength - 2;
    const fits = character.repeat(Math.floor((MAX_VALUE_BYTES - 2) / each));
    assertSerialisable(fits, "it");
    expect(() => assertSerialisable(`${fits}${character}`, "it")).toThrow("pass a reference");
  }
});

test("a step whose result is too large fails at once, and says to keep a reference", async () => {
  let tries = 0;
  const world = new EngineWorld([
    define("hoarder", (_, ctx) => caught(() => ctx.step("read", () => (tries++, { file: large })))),
  ]);
  const taskId = await world.submit("hoarder");
  expect(outputOf(await world.last(taskId))).toMatch(
    /^TOO_LARGE: .*"read" has \d+ bytes, 16777216 are allowed; keep it elsewhere/,
  );
  expect(tries).toBe(1);
});

test("an output, a command's payload, an artifact and a question that are too large fail the call or the task", async () => {
  const world = new EngineWorld([
    define("output", () => ({ large: large })),
    define("others", async (_, ctx) => [
      await caught(async () => ctx.command({ agent: "output" }, large)),
      await caught(async () => ctx.artifact({ name: "a", text: large })),
      await caught(async () => ctx.waitForInput(large)),
      await caught(async () => ctx.emit("topic", large, { durable: true })),
    ]),
  ]);
  expect(codeOf(await world.last(await world.submit("output")))).toBe("TOO_LARGE");
  const outcomes = outputOf(await world.last(await world.submit("others")));
  expect(outcomes).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(/^TOO_LARGE/)));
});

test("a key that is content is refused", async () => {
  const world = new EngineWorld([
    define("keyed", (_, ctx) => caught(async () => ctx.step("read", () => 1, { key: "k".repeat(4096) }))),
  ]);
  expect(outputOf(await world.last(await world.submit("keyed")))).toMatch(
    /^TOO_LARGE: name and key of the call step:read/,
  );
});

test("the message of an error is cut, its code is kept", async () => {
  const world = new EngineWorld([
    define("talkative", (_, ctx) =>
      ctx.step(
        "call",
        () => {
          throw new Error(large);
        },
        { retry: { maxAttempts: 1 } },
      ),
    ),
  ]);
  const last = await world.last(await world.submit("talkative"));
  expect(codeOf(last)).toBe("AGENT_FAILED");
  expect(JSON.stringify(last).length).toBeLessThan(11_000);
});

test("a task that takes nothing in takes 10,000 messages or 64 MiB of them, then refuses more with OVERLOADED", async () => {
  let waiting: WaitingMail = { count: 0, bytes: 0 };
  const world = new EngineWorld([define("asker", (_, ctx) => ctx.waitForInput("?"))], {
    wrap: (store) => wrapStore(store, { waitingMail: async () => waiting }),
  });
  const taskId = await world.submit("asker");
  waiting = { count: 10_000, bytes: 10_000 };
  await expect(world.say(taskId, "more")).rejects.toMatchObject({
    code: "OVERLOADED",
    message: expect.stringContaining("10000 messages waiting"),
  });
  waiting = { count: 7, bytes: 64 * 1024 * 1024 };
  await expect(world.say(taskId, "more")).rejects.toMatchObject({
    code: "OVERLOADED",
    message: expect.stringContaining("67108864 bytes of messages waiting, 67108864 are allowed"),
  });
  waiting = { count: 9_999, bytes: 64 * 1024 * 1024 - 1 };
  await world.say(taskId, "yes");
  expect(outputOf(await world.last(taskId))).toBe("yes");
});

test("a log that was just written is answered from memory when it is small, and from the store when it is large", async () => {
  let reads = 0;
  const world = new EngineWorld([define("writer", ({ input }) => "x".repeat(input as number))], {
    wrap: (store) => wrapStore(store, { readLog: (next, ...given) => (reads++, next(...given)) }),
  });
  const { service } = await world.alive();
  const readsOf = async (characters: number): Promise<number> => {
    const taskId = await world.submit("writer", characters);
    await world.quiet();
    reads = 0;
    expect((await service.log(SCOPE, taskId)).at(-1)?.type).toBe("task.completed");
    return reads;
  };
  expect(await readsOf(1_000)).toBe(0);
  expect(await readsOf(100_000)).toBe(1);
});

test("a page of a log ends where its bytes do, and goes on from there", async () => {
  const world = new EngineWorld([
    define("writer", async (_, ctx) => {
      for (let step = 1; step <= 5; step++) await ctx.step(`s${step}`, () => "x".repeat(40_000));
    }),
  ]);
  const { service } = await world.alive();
  const taskId = await world.submit("writer");
  const seen: number[] = [];
  for (let after = 0; ; ) {
    const page = await service.log(SCOPE, taskId, { after, maxBytes: 90_000 });
    if (page.length === 0) break;
    expect(JSON.stringify(page).length).toBeLessThan(95_000);
    seen.push(...page.map(({ seq }) => seq));
    after = seen.at(-1) ?? 0;
  }
  expect(seen).toEqual((await service.log(SCOPE, taskId)).map(({ seq }) => seq));
  expect(seen.length).toBeGreaterThan(5);
});
