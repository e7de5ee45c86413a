import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TenantPolicy } from "@agentcore/core/tasks";
import { ManualClock } from "@agentcore/core/testing";
import { expect, onTestFinished, test } from "vitest";
import { createHomeKeeper, homePolicyOf } from "./home-keeper.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const DEFAULTS = { unusedForMs: 30 * DAY_MS, maxBytes: 2 ** 31 };

const openWorld = async (policies = new Map<string, TenantPolicy>()) => {
  const stateFolder = await mkdtemp(join(tmpdir(), "agentcore-keeper-"));
  onTestFinished(() => rm(stateFolder, { recursive: true, force: true }));
  const clock = new ManualClock({ now: Date.now() + 2 * DAY_MS });
  const logged: string[] = [];
  const counters = new Map<string, () => number>();
  const logger = { log: (_: string, message: string) => void logged.push(message) };
  const keeper = createHomeKeeper({
    ...{ stateFolder, policies, senses: { clock, logger }, intervalMs: HOUR_MS },
    metrics: { counter: (name, _, read) => void counters.set(name, read) },
  });
  onTestFinished(() => keeper.close());
  const put = async (tenantId: string, name: string) => {
    const file = join(stateFolder, "homes", tenantId, "coder", name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, "x");
    return file;
  };
  const removed = () => counters.get("agentcore_coding_removed_home_files")?.();
  return { stateFolder, clock, keeper, logged, put, removed };
};

test("homes of all tenants are looked at once an interval, each by its own policy, until it is closed", async () => {
  const { clock, keeper, put, removed } = await openWorld(
    new Map([["acme", { retention: { removeHomeFilesAfterMs: DAY_MS } }]]),
  );
  const [acme, other] = [await put("acme", "session"), await put("other", "session")];
  keeper.start();
  await clock.advance(HOUR_MS);
  await expect.poll(() => existsSync(acme)).toBe(false);
  expect(existsSync(other)).toBe(true);
  // The look that is under way is waited for, and the next one is set then.
  await expect
    .poll(async () => {
      await clock.advance(10 * DAY_MS);
      return existsSync(other);
    })
    .toBe(false);
  expect(removed()).toBe(2);
  await keeper.close();
  const late = await put("acme", "late");
  await clock.advance(100 * DAY_MS);
  expect(existsSync(late)).toBe(true);
});

test("who asks for one tenant has its homes looked at, and no others", async () => {
  const { clock, keeper, put, stateFolder, logged } = await openWorld();
  await keeper.sweep("acme");
  const [acme, other] = [await put("acme", "session"), await put("other", "session")];
  await clock.advance(31 * DAY_MS);
  await keeper.sweep("acme");
  expect([existsSync(acme), existsSync(other)]).toEqual([false, true]);
  expect(logged).toEqual(["homes of coding agents"]);
  await rm(join(stateFolder, "homes"), { recursive: true });
  await keeper.sweep("other");
});

test("sessions stay no longer than the tasks they tell of, unless it is said how long", () => {
  expect(homePolicyOf(undefined, DEFAULTS)).toEqual(DEFAULTS);
  expect(homePolicyOf({ removeAfterMs: DAY_MS }, DEFAULTS).unusedForMs).toBe(DAY_MS);
  expect(homePolicyOf({ removeAfterMs: 90 * DAY_MS }, DEFAULTS).unusedForMs).toBe(30 * DAY_MS);
  const said = { removeAfterMs: DAY_MS, removeHomeFilesAfterMs: 90 * DAY_MS, maxHomeBytes: 5 };
  expect(homePolicyOf(said, DEFAULTS)).toEqual({ unusedForMs: 90 * DAY_MS, maxBytes: 5 });
});
