import { PlatformError, RetryableError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { type PooledSource, SourcePool, type SourceTool, type ToolSource } from "./source-pool.ts";

class ForgottenSession extends RetryableError {}

const never = new AbortController().signal;

/** A clock that moves by hand, and servers that only count. */
const open = (limits: { max?: number; maxPerTenant?: number } = {}) => {
  let now = 0;
  const timers: { at: number; run: () => void }[] = [];
  const pool = new SourcePool({
    clock: {
      monotonic: () => now,
      after(ms, run) {
        const timer = { at: now + ms, run };
        timers.push(timer);
        return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
      },
    },
    random: () => 0,
    ...limits,
  });
  const pass = (ms: number): void => {
    now += ms;
    for (const timer of timers.filter(({ at }) => at <= now)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.run();
    }
  };
  const opened: (ToolSource & { lists: number; die(): void; change(): void })[] = [];
  const server = (name: string, tenantId = "acme", more: Partial<PooledSource> = {}): PooledSource => ({
    ...{ tenantId, name, revision: "1", what: name },
    open: async (_signal, onChanged) => {
      let isOpen = true;
      const connection = {
        ...{ server: { name, version: "1", protocol: "p" }, lists: 0 },
        get isOpen() {
          return isOpen;
        },
        async list() {
          connection.lists += 1;
          return [{ name: "t" } as SourceTool];
        },
        call: async () => null,
        async close() {
          isOpen = false;
        },
        die() {
          isOpen = false;
          onChanged();
        },
        change: () => onChanged(),
      };
      opened.push(connection);
      return connection;
    },
    ...more,
  });
  return { pool, pass, opened, server };
};

const use = (pool: SourcePool, server: PooledSource) => pool.use(server, never, async (connection) => connection);

test("one connection serves all tasks of a tenant, and no other tenant's", async () => {
  const { pool, opened, server } = open();
  const [one, other] = await Promise.all([use(pool, server("github")), use(pool, server("github"))]);
  expect(one).toBe(other);
  expect(await use(pool, server("github", "other"))).not.toBe(one);
  expect(opened).toHaveLength(2);
});

test("what is declared anew is connected anew, once nobody uses the one before it is closed", async () => {
  const { pool, opened, server } = open();
  let release = (): void => undefined;
  const busy = pool.use(server("github"), never, () => new Promise<void>((resolve) => (release = resolve)));
  await use(pool, server("github", "acme", { revision: "2" }));
  expect(opened.map(({ isOpen }) => isOpen)).toEqual([true, true]);
  release();
  await busy;
  await Promise.resolve();
  await Promise.resolve();
  expect(opened.map(({ isOpen }) => isOpen)).toEqual([false, true]);
});

test("one that nobody used for five minutes is closed", async () => {
  const { pool, pass, opened, server } = open();
  await use(pool, server("github"));
  pass(5 * 60_000);
  await Promise.resolve();
  expect(opened[0]?.isOpen).toBe(false);
  expect(pool.size).toBe(0);
});

test("one that cannot be had is left in peace for longer and longer, and told of meanwhile", async () => {
  const { pool, pass, server } = open();
  let tries = 0;
  const broken = server("github", "acme", {
    open: async () => {
      tries += 1;
      throw new PlatformError("UPSTREAM_FAILED", "it is away", { retryable: true });
    },
  });
  await expect(use(pool, broken)).rejects.toThrow("it is away");
  await expect(use(pool, broken)).rejects.toMatchObject({
    code: "UPSTREAM_FAILED",
    retryable: true,
    retryAfterMs: 500,
  });
  expect(tries).toBe(1);
  pass(500);
  await expect(use(pool, broken)).rejects.toThrow("it is away");
  await expect(use(pool, broken)).rejects.toMatchObject({ retryAfterMs: 1000 });
  expect(tries).toBe(2);
  expect(pool.trouble(broken)?.message).toBe("it is away");
});

test("one that goes as soon as it is there is taken for one that cannot be had; one that lived is opened again at once", async () => {
  const { pool, pass, opened, server } = open();
  await use(pool, server("github"));
  opened[0]?.die();
  await expect(use(pool, server("github"))).rejects.toMatchObject({ retryAfterMs: 500 });
  pass(500);
  await use(pool, server("github"));
  pass(30_000);
  opened[1]?.die();
  await use(pool, server("github"));
  expect(opened).toHaveLength(3);
});

test("a session that its server has forgotten is begun again for whoever called, once", async () => {
  const { pool, opened, server } = open();
  const one = server("one", "acme", { hasForgotten: (error) => error instanceof ForgottenSession });
  await use(pool, one);
  const call = (forgotten: number) =>
    pool.use(one, never, async (connection) => {
      if (opened.length <= forgotten) throw new ForgottenSession("one has forgotten its session");
      return connection;
    });
  expect(await call(1)).toBe(opened[1]);
  expect(opened.map(({ isOpen }) => isOpen)).toEqual([false, true]);
  expect(pool.trouble(one)).toBeNull();
  await expect(call(10)).rejects.toMatchObject({ message: "one has forgotten its session", retryable: true });
  expect(opened).toHaveLength(3);
});

test("a list is kept for a minute, and no longer than the server says", async () => {
  const { pool, pass, opened, server } = open();
  await pool.tools(server("github"), never);
  await pool.tools(server("github"), never);
  expect(opened[0]?.lists).toBe(1);
  opened[0]?.change();
  await pool.tools(server("github"), never);
  expect(opened[0]?.lists).toBe(2);
  pass(60_001);
  await pool.tools(server("github"), never);
  expect(opened[0]?.lists).toBe(3);
});

test("a tenant has so many at most: unused ones make room, and used ones do not", async () => {
  const { pool, opened, server } = open({ maxPerTenant: 2 });
  await use(pool, server("one"));
  let release = (): void => undefined;
  const busy = pool.use(server("two"), never, () => new Promise<void>((resolve) => (release = resolve)));
  await use(pool, server("three"));
  await Promise.resolve();
  expect(opened.map(({ isOpen }) => isOpen)).toEqual([false, true, true]);
  const held = pool.use(server("three"), never, () => busy);
  await expect(use(pool, server("four"))).rejects.toMatchObject({ code: "OVERLOADED" });
  await use(pool, server("four", "other"));
  release();
  await held;
});

test("closed, it ends what is open and opens nothing more", async () => {
  const { pool, opened, server } = open();
  await use(pool, server("github"));
  await pool.close();
  expect(opened[0]?.isOpen).toBe(false);
  await expect(use(pool, server("github"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("what is not declared any more is not opened to the end", async () => {
  const { pool, server } = open();
  let opening: AbortSignal | undefined;
  const never = server("slow", "acme", {
    open: (signal) =>
      new Promise((_resolve, reject) => {
        opening = signal;
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  });
  const going = new AbortController();
  const used = pool.use(never, going.signal, async () => undefined);
  going.abort(new Error("nobody waits"));
  await expect(used).rejects.toThrow("nobody waits");
  expect(opening?.aborted).toBe(false);
  pool.forget("acme", "slow");
  expect(opening?.aborted).toBe(true);
});

test("closed, it waits for what was about to be closed", async () => {
  const { pool, server } = open();
  const closing = Promise.withResolvers<void>();
  const slow = server("slow", "acme", {
    open: async () => ({
      ...{ isOpen: true, list: async () => [], call: async () => null, close: () => closing.promise },
    }),
  });
  await use(pool, slow);
  pool.forget("acme", "slow");
  let isClosed = false;
  const closed = pool.close().then(() => (isClosed = true));
  await new Promise(setImmediate);
  expect(isClosed).toBe(false);
  closing.resolve();
  await closed;
});

test("who is not worked for any more ends nobody else's, whatever their names are", async () => {
  const { pool, server } = open();
  const owners = ["ann", "ann/smith", "", "Ünal/../ann", "x".repeat(256)];
  const connections = await Promise.all(owners.map((owner) => use(pool, server("desk", "acme", { owner }))));
  expect(new Set(connections).size).toBe(owners.length);
  pool.forget("acme", "desk", "ann");
  await new Promise(setImmediate);
  expect(connections.map(({ isOpen }) => isOpen)).toEqual([false, true, true, true, true]);
  pool.forget("acme", "desk");
  await new Promise(setImmediate);
  expect(connections.map(({ isOpen }) => isOpen)).toEqual(owners.map(() => false));
});

test("failures of one tenant's many callers push out no other's, and are bounded", async () => {
  const { pool, server } = open();
  const failing = (owner: string, tenantId: string): PooledSource =>
    server("desk", tenantId, { owner, open: () => Promise.reject(new PlatformError("UPSTREAM_FAILED", "away")) });
  const fails = (source: PooledSource): Promise<unknown> =>
    pool.tools(source, never).catch((error: unknown) => String(error));
  await fails(failing("ann", "other"));
  for (let caller = 0; caller < 1_100; caller++) await fails(failing(`caller-${caller}`, "acme"));
  expect(await fails(server("desk", "other", { owner: "ann" }))).toContain("away");
  // The oldest of the same tenant is tried anew, the newest is left in peace.
  expect(await pool.tools(server("desk", "acme", { owner: "caller-0" }), never)).toHaveLength(1);
  expect(await fails(server("desk", "acme", { owner: "caller-1099" }))).toContain("away");
});
