/**
 * I4, by what is seen: whatever has an effect has seen nothing but what the log says in the end, wherever the process dies and however late the store is; and the code
 * meets everything in the order of the log.
 */
import { isTerminal, PlatformError, type TaskEvent } from "@agentcore/contract";
import type { Context } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { define, EngineWorld } from "../../test/engine-world.ts";
import { makeTool } from "../../test/make-tool.ts";
import { wrapStore } from "../../test/wrap-store.ts";

const RUNS = Number(process.env["AGENTCORE_FUZZ_RUNS"] ?? "120");
const KINDS = [
  ...["step", "slow", "waiting", "retried", "once", "often", "memory", "query", "told", "emitted"],
  ...["child", "sleep", "nap", "input", "event", "signal", "loose"],
] as const;
type Kind = (typeof KINDS)[number];

const plan = fc.record({
  branches: fc.array(fc.array(fc.constantFrom(...KINDS), { minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 3,
  }),
  crashes: fc.uniqueArray(
    fc.record({ commit: fc.integer({ min: 1, max: 25 }), when: fc.constantFrom("before" as const, "after" as const) }),
    { maxLength: 3, selector: ({ commit }) => commit },
  ),
  lateMs: fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }),
  cancelAt: fc.option(fc.integer({ min: 0, max: 300 }), { nil: null, freq: 4 }),
});

type Seen = ReadonlyMap<string, unknown>;

/** What one life of the code was handed, in that order. */
type Life = [path: string, value: unknown][];

interface Effect {
  readonly what: string;
  readonly seen: Seen;
}

class Watch {
  readonly effects: Effect[] = [];
  readonly lives: Life[] = [];
  private fresh = 0;

  /** Never the same twice: what runs again comes to something else. */
  next(): number {
    return ++this.fresh;
  }

  act(what: string, life: Life): number {
    this.effects.push({ what, seen: new Map(life) });
    return this.next();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const codeOf = (branches: readonly (readonly Kind[])[], watch: Watch, waitMs: (ms: number) => Promise<void>) =>
  define("clerk", async (_, ctx) => {
    const life: Life = [];
    watch.lives.push(life);
    let last: Promise<unknown> = Promise.resolve();
    const hand = async (path: string, call: Promise<unknown>): Promise<void> => {
      last = call;
      try {
        const value = await call;
        life.push([path, value]);
      } catch (error) {
        life.push([path, PlatformError.from(error).code]);
        if (PlatformError.is(error) && error.code === "CANCELED") throw error;
      }
    };
    const run = async (kinds: readonly Kind[], branch: number): Promise<void> => {
      for (const [place, kind] of kinds.entries()) {
        const key = `${branch}.${place}`;
        const [path, call] = callOf(kind, key, ctx, watch, life, last, waitMs);
        if (kind === "loose") void hand(path, call).catch(() => undefined);
        else await hand(path, call);
      }
    };
    const ends = await Promise.allSettled(branches.map(run));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    return life.length;
  });

const callOf = (
  kind: Kind,
  key: string,
  ctx: Context,
  watch: Watch,
  life: Life,
  other: Promise<unknown>,
  waitMs: (ms: number) => Promise<void>,
): [string, Promise<unknown>] => {
  const act = (): number => watch.act(key, life);
  const tool = (name: string, more = {}) =>
    [
      `tool:${name}[${key}]`,
      ctx.tool(
        makeTool(name, async () => (await turn(), act()), more),
        1,
        { key },
      ),
    ] as [string, Promise<unknown>];
  switch (kind) {
    case "step":
    case "loose":
      return [`step:work[${key}]`, ctx.step("work", act, { key })];
    case "slow":
      return [`step:work[${key}]`, ctx.step("work", async () => (await waitMs(30), act()), { key })];
    case "waiting":
      return [
        `step:work[${key}]`,
        ctx.step("work", async () => (await Promise.race([other.catch(() => 0), waitMs(50)]), act()), { key }),
      ];
    case "retried": {
      let tries = 0;
      return [
        `step:work[${key}]`,
        ctx.step(
          "work",
          () => {
            act();
            if (tries++ === 0) throw new Error("again");
            return watch.next();
          },
          { key, retry: { initialDelayMs: 15 } },
        ),
      ];
    }
    case "once":
      return tool("once");
    case "often":
      return tool("often", { idempotent: true });
    case "memory":
      return [`memory:get ${key}`, ctx.memory.get(key)];
    case "query":
      return [`query:agent:knows[${key}]`, ctx.query({ agent: "knows" }, [...life], { key })];
    case "told":
      return [`emit:news[${key}]`, ctx.emit("news", [...life], { key })];
    case "emitted":
      return [`emit:news[${key}]`, ctx.emit("news", [...life], { key, durable: true })];
    case "child":
      return [`command:agent:child[${key}]`, ctx.command({ agent: "child" }, [...life], { key })];
    case "sleep":
      return [`sleep:sleep[${key}]`, ctx.sleep(20, { key })];
    case "nap":
      return [`sleep:sleep[${key}]`, ctx.sleep(2500, { key })];
    case "input":
      return [`input:input[${key}]`, ctx.waitForInput({ prompt: "?", key })];
    case "event":
      return [`event:news[${key}]`, ctx.waitForEvent("news", { key, timeoutMs: 3000 }).then(({ id }) => id)];
    case "signal":
      return [`signal:go[${key}]`, ctx.waitForSignal("go", { key, timeoutMs: 3000 })];
  }
};

/** Paths in the order in which the log tells how they came out. */
const told = (log: readonly TaskEvent[]): readonly (readonly [string, TaskEvent["data"]])[] =>
  log.flatMap((event) =>
    event.type === "step.completed" || (event.type === "step.failed" && event.data.retryAt === undefined)
      ? [[event.data.path, event.data] as const]
      : [],
  );

test(
  "whatever has an effect has seen only what the log says in the end, and the code meets all in the order of the log",
  async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ branches, crashes, lateMs, cancelAt }) => {
        const watch = new Watch();
        let commits = 0;
        const waitMs = (ms: number): Promise<void> => new Promise((resolve) => void world.clock.after(ms, resolve));
        const seenBy = (what: string, seen: unknown): void =>
          void watch.effects.push({ what, seen: new Map(seen as Life) });
        const world: EngineWorld = new EngineWorld(
          [
            codeOf(branches, watch, waitMs),
            define("child", ({ input }, ctx) => {
              seenBy("child", input);
              return ctx.step("work", () => watch.next());
            }),
            define("listener", ({ input }) => seenBy("event", (input as { readonly payload: unknown }).payload), {
              subscribes: ["news"],
            }),
            define("knows", () => 0, {
              answer: ({ payload }) => {
                seenBy("query", payload);
                return watch.next();
              },
            }),
          ],
          {
            crashes: [...crashes],
            wrap: (store) =>
              wrapStore(store, {
                commit: async (next, units) => {
                  await waitMs(lateMs[commits++ % lateMs.length] ?? 0);
                  return next(units);
                },
              }),
          },
        );
        const { service } = await world.alive();
        service
          .submit(
            { tenantId: "acme", caller: "ann" },
            { target: { agent: "clerk" }, input: null, idempotencyKey: "one" },
          )
          .catch(() => undefined);
        await world.advance(50);
        await world.advance(0);
        const clerk = (await world.heads()).find(({ agent }) => agent === "clerk");
        if (clerk === undefined) return;
        const { taskId } = clerk;
        if (cancelAt !== null) {
          await world.advance(cancelAt);
          const life = await world.alive();
          life.service.cancel({ tenantId: "acme", caller: "ann" }, taskId).catch(() => undefined);
        }
        for (let round = 0; round < 18; round++) {
          await world.advance(3100);
          if ((await world.state(taskId)) !== "input-required") continue;
          const parts = [{ text: `yes ${round}` }];
          const life = await world.alive();
          life.service
            .send({ tenantId: "acme", caller: "ann" }, taskId, { messageId: `m${round}`, role: "ROLE_USER", parts })
            .catch(() => undefined);
        }
        const log = await world.log(taskId);
        const head = await world.head(taskId);
        const show = (): string =>
          log.map(({ seq, type, data }) => `${seq} ${type} ${JSON.stringify(data)}`).join("\n");
        expect(isTerminal(head?.state ?? "working"), show()).toBe(true);
        const results = new Map(told(log));
        for (const { what, seen } of watch.effects)
          for (const [path, value] of seen) {
            if (value === "CANCELED") continue;
            const data = results.get(path);
            expect(data, `${what} saw ${path}, which the log does not have\n${show()}`).toBeDefined();
            if (data !== undefined && "result" in data && typeof value === "number" && typeof data.result === "number")
              expect(value, `${what} saw another result of ${path}\n${show()}`).toBe(data.result);
          }
        const order = told(log).map(([path]) => path);
        // What died with its process may have met what was never written.
        for (const life of crashes.length === 0 ? watch.lives : watch.lives.slice(-1)) {
          // A cancel ends all that is open at once, whatever the log says of it later.
          const cut = life.findIndex(([, value]) => value === "CANCELED");
          const met = cut < 0 ? life : life.slice(0, cut);
          const places = met.map(([path]) => order.indexOf(path)).filter((place) => place >= 0);
          expect(places, `met out of order: ${life.map(([path]) => path).join(", ")}\n${show()}`).toEqual(
            [...places].sort((one, other) => one - other),
          );
        }
      }),
      { numRuns: RUNS },
    );
  },
  20_000 + RUNS * 1000,
);
