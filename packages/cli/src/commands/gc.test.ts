import { expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const part = (removedTasks: number, isMore: boolean) => ({
  dryRun: false,
  tenants: [
    {
      ...{ tenantId: "acme", removedTasks, removedEvents: 10, removedBytes: 100 },
      ...{ compactedTasks: 0, compactedEvents: 0, removedSums: 20, failedTasks: 0, isMore },
    },
  ],
});

test("gc asks until nothing is left, and adds up what went", async () => {
  const parts = [part(1000, true), part(1000, true), part(5, false)];
  const { url, requests } = await startFakeNode({ collect: () => parts.shift() });
  const ran = await runInTest(["gc", "--tenant", "acme", "-o", "json", "--url", url]);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    tenants: [{ tenant: "acme", removedTasks: 2005, removedBytes: 300, removedSums: 60 }],
  });
  expect(requests.map(({ body }) => body)).toEqual(
    Array.from({ length: 3 }, () => ({ tenant: "acme", allTenants: false, dryRun: false })),
  );
});

test("gc exits with 1 and says whose tasks failed, or what broke off; what went is told as ever", async () => {
  const row = (tenantId: string, failedTasks: number, error: object | null) => ({
    ...{ ...part(3, false).tenants[0], tenantId, failedTasks, error },
  });
  const down = { code: "STORE_UNAVAILABLE", message: "the statement took too long" };
  const tenants = [row("acme", 2, null), row("fine", 0, null), row("globex", 1, down), row("initech", 0, down)];
  const { url } = await startFakeNode({ collect: () => ({ dryRun: false, tenants }) });
  const ran = await runInTest(["gc", "--all-tenants", "--url", url]);
  expect(ran.code).toBe(1);
  expect(ran.stderr.trim().split("\n")).toEqual([
    "2 tasks of tenant acme could not be removed or compacted; the node's log says which and why",
    "tenant globex is not done: STORE_UNAVAILABLE: the statement took too long; 1 task of tenant globex could not be removed or compacted; the node's log says which and why",
    "tenant initech is not done: STORE_UNAVAILABLE: the statement took too long",
  ]);
  expect(ran.stdout).toContain("fine");
});

test("gc counts a task once that fails in each of its calls, and goes on for the others", async () => {
  const parts = [part(1000, true), part(5, false)];
  const failing = (each: ReturnType<typeof part> | undefined) => ({
    ...{ dryRun: false, tenants: each?.tenants.map((row) => ({ ...row, failedTasks: 1 })) },
  });
  const { url } = await startFakeNode({ collect: () => failing(parts.shift()) });
  const ran = await runInTest(["gc", "-o", "json", "--url", url]);
  expect([ran.code, JSON.parse(ran.stdout)]).toEqual([
    1,
    expect.objectContaining({ tenants: [expect.objectContaining({ removedTasks: 1005, failedTasks: 1 })] }),
  ]);
});

test("gc ends when what is left does not move, and a dry run asks once", async () => {
  const stuck = await startFakeNode({ collect: () => part(0, true) });
  expect((await runInTest(["gc", "--url", stuck.url])).code).toBe(0);
  expect(stuck.requests).toHaveLength(1);
  const much = await startFakeNode({ collect: () => part(10_000, true) });
  const ran = await runInTest(["gc", "--dry-run", "--older-than", "30d", "--url", much.url]);
  expect([much.requests.length, ran.stdout]).toEqual([1, expect.stringContaining("10000 or more")]);
});

test("gc refuses an age that is none, and an age for all tenants", async () => {
  for (const words of [
    ["--older-than", "soon"],
    ["--all-tenants", "--older-than", "1d"],
    ["--all-tenants", "--tenant", "a"],
  ])
    expect((await runInTest(["gc", ...words])).code).toBe(2);
});
