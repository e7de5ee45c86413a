import { expect, test } from "vitest";
import { createFixture } from "../../test/gateway/gateway-fixture.ts";
import { hashOfKey } from "./http/parse-api-keys.ts";

const keys = [
  { keyHash: hashOfKey("root-key-of-default"), tenantId: "default", caller: "root", role: "operator" },
  { keyHash: hashOfKey("root-key-of-acme"), tenantId: "acme", caller: "root", role: "operator" },
  { keyHash: hashOfKey("plain-key-of-acme"), tenantId: "acme", caller: "ann", role: "caller" },
] as const;
const as = (key: string) => ({ authorization: `Bearer ${key}` });

test("an operator collects its own tenant; other tenants and all of them are for operators of the default tenant (I7)", async () => {
  const { post, collected } = createFixture({ apiKeys: keys });
  const ask = async (key: string, body: unknown) => (await post("/api/v1/gc", body, as(key))).status;
  expect(await ask("plain-key-of-acme", {})).toBe(403);
  expect(await ask("root-key-of-acme", { tenant: "default" })).toBe(403);
  expect(await ask("root-key-of-acme", { allTenants: true })).toBe(403);
  expect(collected).toEqual([]);
  expect(await ask("root-key-of-acme", {})).toBe(200);
  expect(await ask("root-key-of-acme", { tenant: "acme", olderThan: "2h" })).toBe(200);
  expect(await ask("root-key-of-default", { tenant: "acme", dryRun: true })).toBe(200);
  expect(await ask("root-key-of-default", { allTenants: true })).toBe(200);
  expect(collected).toEqual([
    { tenantId: "acme", olderThanMs: 0, dryRun: false },
    { tenantId: "acme", olderThanMs: 7_200_000, dryRun: false },
    { tenantId: "acme", olderThanMs: 0, dryRun: true },
    { tenantId: "acme", olderThanMs: 0, dryRun: false },
    { tenantId: "default", olderThanMs: 0, dryRun: false },
  ]);
});

test("what went is told by tenant; ages that are none, and ages for all tenants, are refused", async () => {
  const { post } = createFixture();
  const answer = await (await post("/api/v1/gc", { dryRun: true })).json();
  expect(answer).toMatchObject({
    dryRun: true,
    tenants: [{ tenantId: "default", removedTasks: 2, removedSums: 7, isMore: false }],
  });
  for (const body of [
    { olderThan: "soon" },
    { olderThan: "30d", allTenants: true },
    { tenant: "a", allTenants: true },
    { force: true },
  ])
    expect((await post("/api/v1/gc", body)).status).toBe(400);
});
