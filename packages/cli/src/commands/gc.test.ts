import { expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const part = (removedTasks: number, isMore: boolean) => ({
  dryRun: false,
  tenants: [
    {
      ...{ tenantId: "acme", removedTasks, removedEvents: 10, removedBytes: 100 },
      ...{ compactedTasks: 0, compactedEvents: 0, failedTasks: 0, isMore },
    },
  ],
});

test("gc asks until nothing is left, and adds up what went", async () => {
  const parts = [part(1000, true), part(1000, true), part(5, false)];
  const { url, requests } = await startFakeNode({ collect: () => parts.shift() });
  const ran = await runInTest(["gc", "--tenant", "acme", "-o", "json", "--url", url]);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    tenants: [{ tenant: "acme", removedTasks: 2005, removedBytes: 300 }],
  });
  expect(requests.map(({ body }) => body)).toEqual(
    Array.from({ length: 3 }, () => ({ tenant: "acme", allTenants: false, dryRun: false })),
  );
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
