import type { UsageQuery } from "@agentcore/core/ports";
import { expect, test } from "vitest";
import { createFixture } from "../../../test/gateway/gateway-fixture.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";

const world = () => {
  const asked: UsageQuery[] = [];
  const { call } = createFixture({
    apiKeys: parseApiKeys([
      "the-operator-of-default caller=root role=operator",
      "ann-is-a-caller-of-default caller=ann",
      "the-operator-of-acme caller=root role=operator tenant=acme",
    ]),
    spending: { status: async () => [], usage: async (query) => (asked.push(query), []) },
  });
  const usage = async (key: string, query: string) => {
    const response = await call(`/api/v1/usage?${query}`, { headers: { authorization: `Bearer ${key}` } });
    return [response.status, ((await response.json()) as { error?: { code: string } }).error?.code] as const;
  };
  return { asked, usage };
};

test("operators see usage of their tenant, of one caller if they ask for it", async () => {
  const { asked, usage } = world();
  expect(await usage("the-operator-of-default", "caller=ann")).toEqual([200, undefined]);
  expect(await usage("the-operator-of-acme", "")).toEqual([200, undefined]);
  expect(asked.map(({ tenantId, caller }) => [tenantId, caller])).toEqual([
    ["default", "ann"],
    ["acme", undefined],
  ]);
});

test("callers see their own usage, and are not given it as that of another", async () => {
  const { asked, usage } = world();
  expect(await usage("ann-is-a-caller-of-default", "")).toEqual([200, undefined]);
  expect(await usage("ann-is-a-caller-of-default", "caller=ann")).toEqual([200, undefined]);
  expect(asked.map(({ caller }) => caller)).toEqual(["ann", "ann"]);
  expect(await usage("ann-is-a-caller-of-default", "caller=root")).toEqual([403, "PERMISSION_DENIED"]);
  expect(asked).toHaveLength(2);
});
