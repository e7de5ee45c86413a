import { ALL_CHECKS, type VerifyReport, verifyServer } from "@agentcore/a2a/verify";
import { describe, expect, it } from "vitest";
import { BASE, createFixture } from "../../../test/gateway/gateway-fixture.ts";
import { failures, messages, said, settings, type Variant, verify } from "../../../test/gateway/verified-gateway.ts";

/** What there is nothing to look at for. */
const NEVER = [
  // Every agent has both capabilities.
  ...["CORE-CAP-001/", "CORE-CAP-002/"],
  // Over HTTP the path names the agent.
  ...["AC-1.13-tenant JSONRPC", "AC-1.13-tenant HTTP+JSON"],
  // Without keys nothing is signed; with them, cards.test.ts.
  "AC-1.13-signature",
  // The name of the service states the version.
  "VER-SERVER-003/grpc",
];

describe("the gateway keeps every rule", () => {
  const reports: VerifyReport[] = [];

  it.each<[string, Variant]>([
    ["an agent of both versions", { legacy: true }],
    ["an agent of 1.0 alone", {}],
    ["a node with keys", { keys: true, extendedCard: true }],
    ["an agent with a required extension", { extension: true }],
    ["push notifications", { push: true }],
  ])("of %s", async (_, variant) => {
    const report = await verify({}, { ...variant, grpc: true });
    reports.push(report);
    expect(failures(report)).toEqual([]);
    expect(report.passed).toBeGreaterThan(200);
  });

  it("and each of them was looked at, over each binding", () => {
    const passed = new Set(
      reports.flatMap(({ results }) =>
        results.flatMap(({ result, id, binding }) => (result === "passed" ? [`${id} ${binding ?? ""}`] : [])),
      ),
    );
    const never = ALL_CHECKS.flatMap(({ id, bindings }) =>
      (bindings.length === 0 ? [""] : bindings).map((binding) => `${id} ${binding}`.trim()),
    ).filter((each) => !passed.has(each) && !passed.has(`${each} `));
    const shortened = never.map((each) => NEVER.find((place) => each.startsWith(place)) ?? each);
    expect([...new Set(shortened)].toSorted()).toEqual(NEVER.toSorted());
  });

  it("a check is skipped with its reason when the messages that it needs are not given", async () => {
    const { gateway } = createFixture({ settings });
    const report = await verifyServer({
      ...{ url: `${BASE}/a2a/echo`, messages: { complete: said("hello") }, bindings: ["JSONRPC"] },
      fetch: async (request) => gateway.fetch(request),
    });
    expect(report.violations).toBe(0);
    const skipped = report.results.find(({ id }) => id === "CORE-CANCEL-001");
    expect(skipped).toMatchObject({ result: "skipped", why: "needs --long-message" });
  });

  it("no more tasks are made than may be, and what needs more is skipped", async () => {
    const { gateway, tasks } = createFixture({ settings });
    const report = await verifyServer({
      ...{ url: `${BASE}/a2a/echo`, messages, maxTasks: 5, bindings: ["HTTP+JSON"] },
      fetch: async (request) => gateway.fetch(request),
    });
    expect(tasks.tasks.size).toBeLessThanOrEqual(5);
    expect(report.results.some(({ why }) => why?.includes("--max-tasks"))).toBe(true);
  });

  it("leaves no task at work and no stream open", async () => {
    const { gateway, tasks } = createFixture({ settings });
    await verifyServer({ url: `${BASE}/a2a/echo`, messages, fetch: async (request) => gateway.fetch(request) });
    await expect.poll(() => [...tasks.tasks.values()].filter(({ state }) => state === "working")).toEqual([]);
    await expect.poll(() => tasks.readers).toBe(0);
  });

  it("ends with the signal", async () => {
    const stop = new AbortController();
    const { gateway } = createFixture({ settings });
    const run = verifyServer({
      ...{ url: `${BASE}/a2a/echo`, messages, signal: stop.signal },
      fetch: async (request) => gateway.fetch(request),
      onResult: () => stop.abort(new Error("enough")),
    });
    await expect(run).rejects.toThrow("enough");
  });
});

it("what a task says between two subscriptions is no other order of events", async () => {
  const { gateway, tasks } = createFixture({ settings });
  const data = { message: "still at it" };
  let subscriptions = 0;
  const report = await verifyServer({
    ...{ url: `${BASE}/a2a/echo`, messages, bindings: ["JSONRPC"], only: ["STREAM-ORDER-002"] },
    async fetch(request) {
      const isSecond = (await request.clone().text()).includes("SubscribeToTask") && ++subscriptions === 2;
      if (isSecond) for (const id of tasks.tasks.keys()) tasks.append(id, { type: "task.progressed", data });
      return gateway.fetch(request);
    },
  });
  expect(subscriptions).toBe(2);
  expect(report.results.map(({ result }) => result)).toEqual(["passed"]);
});
