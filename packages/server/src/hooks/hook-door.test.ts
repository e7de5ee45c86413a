/** Deliveries over a socket, to a node of its own. */
import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import type { KeyValue } from "@agentcore/core/ports";
import { expect, onTestFinished, test } from "vitest";
import { compose } from "../compose.ts";
import { startNode } from "../start-node.ts";
import { createSystemSenses } from "../system-senses.ts";

const SECRET = "0123456789abcdef-of-a-hook";
const ENV = { SHOP_HOOK_SECRET: SECRET, ACME__HOOK_SECRET: `acme-${SECRET}`, SHORT_HOOK_SECRET: "short" };
const KEY = "an-operators-own-key";

const manifest = (name: string, spec: object): object => ({
  ...{ apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name }, spec },
});
const hook = (name: string, options: object = {}): object =>
  manifest(name, {
    standard: {
      name: "webhook",
      options: {
        ...{ topic: "shop.delivered", secrets: ["SHOP_HOOK_SECRET"], id: { header: "x-delivery" } },
        ...{ signature: { header: "x-sign", prefix: "sha256=" }, headers: ["x-kind"], ...options },
      },
    },
  });
/** Each event of the topic is a task of it, whose output is the event. */
const keeper = manifest("keeper", {
  strategy: { name: "reactive", options: { rules: [{ name: "all", when: "true", reply: "${input}" }] } },
  triggers: [{ topic: "shop.delivered" }],
});

const folder = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-hooks-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
};

const signed = (body: string | Uint8Array, secret = SECRET): Record<string, string> => ({
  "content-type": "application/json",
  "x-sign": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
});

const start = async (manifests: readonly object[], apiKeys: readonly string[] = [`${KEY} role=operator`]) => {
  const node = await startNode({ port: 0, dataDirectory: await folder(), logLevel: "error", env: ENV, apiKeys });
  onTestFinished(() => node.close(0));
  await node.ready;
  await node.apply(manifests);
  const deliver = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${node.url}/hooks/${path}`, {
      ...{ method: "POST", body: body as string },
      headers: { ...signed(body), ...headers },
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const tasksOf = async (agent: string): Promise<readonly { readonly state: string; readonly output: unknown }[]> => {
    const headers = { authorization: `Bearer ${KEY}` };
    const read = async (path: string) => (await fetch(`${node.url}/api/v1/${path}`, { headers })).json();
    const { heads } = (await read(`tasks?agent=${agent}&pageSize=100`)) as { heads: readonly TaskRow[] };
    return Promise.all(
      heads.map(async ({ taskId, state }) => {
        const { events } = (await read(`tasks/${taskId}/events`)) as { events: { type: string; data: Ending }[] };
        return { state, output: events.at(-1)?.data.output ?? events.at(-1)?.data.error?.code };
      }),
    );
  };
  return { node, deliver, tasksOf };
};
interface TaskRow {
  readonly taskId: string;
  readonly state: string;
}
interface Ending {
  readonly output?: unknown;
  readonly error?: { readonly code: string };
}

test("a signed delivery becomes one durable event, however often and however much at once it is delivered", async () => {
  const { deliver, tasksOf } = await start([hook("shop"), keeper]);
  const body = JSON.stringify({ order: "A-7" });
  const send = (id: string) => deliver("shop", body, { "x-delivery": id, "x-kind": "order", "x-other": "no" });
  const answers = await Promise.all(["1", "1", "1", "2", "1"].map(send));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(answers.map(({ text }) => text).toSorted()).toEqual([
    ...['{"repeated":false}', '{"repeated":false}'],
    ...['{"repeated":true}', '{"repeated":true}', '{"repeated":true}'],
  ]);
  expect(await send("1")).toMatchObject({ status: 200, text: '{"repeated":true}' });
  // Tried again with something else in it.
  expect(await deliver("shop", '{"order":"A-7","try":2}', { "x-delivery": "2" })).toMatchObject({
    text: '{"repeated":true}',
  });
  await expect.poll(async () => (await tasksOf("keeper")).length, { timeout: 10_000 }).toBe(2);
  const payload = { hook: "shop", headers: { "x-kind": "order" }, body: { order: "A-7" } };
  await expect
    .poll(async () => (await tasksOf("keeper")).map(({ output }) => output), { timeout: 10_000 })
    .toEqual(
      expect.arrayContaining(
        ["1", "2"].map((delivery) =>
          expect.objectContaining({ topic: "shop.delivered", payload: { ...payload, delivery } }),
        ),
      ),
    );
  expect(await tasksOf("shop")).toHaveLength(2);
});

test("who did not sign is told the same, whatever was wrong, and nothing is kept", async () => {
  const { deliver, tasksOf } = await start([hook("shop"), keeper, manifest("plain", { model: "smart" })]);
  const refusals = await Promise.all([
    deliver("shop", "{}", { "x-delivery": "1", "x-sign": "sha256=00" }),
    deliver("shop", "{}", { ...signed("{}", "another-secret-of-16"), "x-delivery": "1" }),
    deliver("shop", "not json", { "x-delivery": "1", "x-sign": "" }),
    deliver("nobody", "{}", { "x-delivery": "1" }),
    deliver("plain", "{}", { "x-delivery": "1" }),
    deliver("acme/shop", "{}", { "x-delivery": "1" }),
    deliver("system/shop", "{}", { "x-delivery": "1" }),
    deliver("shop%2f..", "{}", { "x-delivery": "1" }),
  ]);
  expect(new Set(refusals.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(refusals[0]).toMatchObject({ status: 401 });
  expect(await tasksOf("shop")).toEqual([]);
});

test("what is signed and cannot be taken is refused with the reason: size, type, id, JSON, rate, secret", async () => {
  const { deliver, tasksOf } = await start([
    hook("shop", { maxBytes: 100 }),
    hook("rare", { requestsPerMinute: 2 }),
    hook("numbered", { id: { payload: "id" } }),
    hook("mute", { secrets: ["SHORT_HOOK_SECRET", "ABSENT_HOOK_SECRET"] }),
    keeper,
  ]);
  const id = { "x-delivery": "1" };
  const codeOf = async (answer: Promise<{ readonly status: number; readonly text: string }>) => {
    const { status, text } = await answer;
    return [status, (JSON.parse(text) as { error?: { code: string } }).error?.code];
  };
  expect(await codeOf(deliver("shop", JSON.stringify("x".repeat(100)), id))).toEqual([413, "TOO_LARGE"]);
  expect(await codeOf(deliver("shop", "{}", { ...id, "content-type": "text/plain" }))).toEqual([
    400,
    "CONTENT_TYPE_NOT_SUPPORTED",
  ]);
  expect(await codeOf(deliver("shop", "{}"))).toEqual([400, "INVALID_ARGUMENT"]);
  expect(await codeOf(deliver("shop", "{}", { "x-delivery": "x".repeat(257) }))).toEqual([400, "INVALID_ARGUMENT"]);
  // Both are the same number to JSON.parse.
  for (const each of ["9007199254740993", "9007199254740992"])
    expect(await codeOf(deliver("numbered", `{"id":${each}}`))).toEqual([400, "INVALID_ARGUMENT"]);
  expect(await codeOf(deliver("numbered", '{"id":9007199254740991}'))).toEqual([200, undefined]);
  expect(await codeOf(deliver("shop", "{", id))).toEqual([400, "PARSE_ERROR"]);
  expect(await codeOf(deliver("mute", "{}", id))).toEqual([503, "UNAVAILABLE"]);
  expect(await tasksOf("shop")).toEqual([]);
  const rates = [];
  for (const delivery of ["1", "2", "3"]) rates.push(await deliver("rare", "{}", { "x-delivery": delivery }));
  expect(rates.map(({ status }) => status)).toEqual([200, 200, 429]);
  expect(Number(rates[2]?.headers.get("retry-after"))).toBeGreaterThan(0);
});

test("forms and texts are taken where they are named, and a delivery without an id is known by its content", async () => {
  const contentTypes = ["application/x-www-form-urlencoded", "text/plain", "application/vnd.shop+json"];
  const { deliver, tasksOf } = await start([hook("shop", { id: "content", contentTypes }), keeper]);
  for (const [type, body] of [
    ["application/x-www-form-urlencoded; charset=utf-8", "a=1&b=2&b=3"],
    ["text/plain", "hé"],
    ["text/plain", "hé"],
    ["application/vnd.shop+json", "[1]"],
  ] as const)
    expect((await deliver("shop", body, { "content-type": type })).status).toBe(200);
  const bodies = async () =>
    (await tasksOf("keeper")).map(({ output }) => (output as { payload?: { body: unknown } }).payload?.body);
  await expect.poll(bodies, { timeout: 10_000 }).toHaveLength(3);
  await expect
    .poll(bodies, { timeout: 10_000 })
    .toEqual(expect.arrayContaining([{ a: "1", b: ["2", "3"] }, "hé", [1]]));
});

test("nobody else gives it tasks: an operator's comes to nothing", async () => {
  const { node, tasksOf } = await start([hook("shop"), keeper]);
  const response = await fetch(`${node.url}/api/v1/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ target: "agent:shop", input: { delivery: "1", headers: {}, body: 1 }, wait: true }),
  });
  expect(response.status).toBe(201);
  expect(await tasksOf("shop")).toMatchObject([{ state: "failed", output: "PERMISSION_DENIED" }]);
  expect(await tasksOf("keeper")).toEqual([]);
});

test("without keys it is the one door that answers by any name, and no page gets in beside it", async () => {
  const { node } = await start([hook("shop")], []);
  const call = (path: string, headers: Record<string, string>, body = "{}") =>
    node.fetch(`http://tunnel.example${path}`, { method: "POST", body, headers: { ...signed(body), ...headers } });
  expect((await call("/hooks/shop", { host: "tunnel.example", "x-delivery": "1" })).status).toBe(200);
  expect((await call("/hooks/shop", { origin: "https://evil.example", "x-sign": "" })).status).toBe(401);
  for (const path of ["/api/v1/tasks", "/hooks", "/hooks/../api/v1/tasks"])
    expect((await call(path, { host: "tunnel.example" })).status).toBe(403);
});

test("a tenant names its own secrets alone, and its deliveries come to it alone", async () => {
  const parts = await compose({
    ...{ dataDirectory: await folder(), node: "n", env: ENV, senses: createSystemSenses({ log: () => {} }) },
  });
  onTestFinished(() => parts.close(0));
  await parts.start();
  await expect(parts.manifests.apply("acme", [hook("shop")], { dryRun: false })).rejects.toThrow(
    "spec.standard.options.secrets.0: expected a variable of this tenant",
  );
  for (const secrets of [["ACME__HOOK_SECRET"], ["AGENTCORE_API_KEYS"]])
    await expect(parts.manifests.apply("default", [hook("shop", { secrets })], { dryRun: false })).rejects.toThrow(
      "neither the platform's nor another tenant's",
    );
  await parts.manifests.apply("acme", [hook("shop", { secrets: ["ACME__HOOK_SECRET"] })], { dryRun: false });
  await parts.manifests.apply("default", [hook("shop")], { dryRun: false });
  const body = Buffer.from("{}");
  const send = async (tenantId: string, secret: string) => {
    const entry = await parts.hooks.find(tenantId, "shop");
    return entry?.deliver(new Headers({ ...signed(body, secret), "x-delivery": "1" }), body);
  };
  expect(await send("acme", SECRET)).toBeNull();
  expect(await send("acme", `acme-${SECRET}`)).toEqual({ repeated: false });
  // The same id at another's hook is another delivery.
  expect(await send("default", SECRET)).toEqual({ repeated: false });
  const countOf = async (tenantId: string) =>
    (await parts.tasks.list({ tenantId, caller: "x", operator: true }, { agent: "shop" })).totalSize;
  expect([await countOf("acme"), await countOf("default")]).toEqual([1, 1]);
  const kept = 'agentcore_hook_deliveries_total{tenant="acme",outcome="kept"} 1';
  expect([parts.metrics.render("acme").includes(kept), parts.metrics.render("default").includes(kept)]).toEqual([
    true,
    false,
  ]);
});

test("a delivery whose node fails before the answer is kept once, and its id outlives its task", async () => {
  let failing = true;
  const failPuts = (keyValue: KeyValue): KeyValue =>
    new Proxy(keyValue, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...given: [{ readonly namespace: string }, ...unknown[]]) => {
          if (name === "put" && failing && given[0].namespace === "hook-deliveries")
            return Promise.reject(new PlatformError("STORE_UNAVAILABLE", "for the test"));
          return (value as (...all: readonly unknown[]) => unknown).apply(target, given);
        };
      },
    });
  const parts = await compose({
    ...{ dataDirectory: await folder(), node: "n", env: ENV, senses: createSystemSenses({ log: () => {} }) },
    wrap: (name, port) => (name === "keyValue" ? (failPuts(port as unknown as KeyValue) as never) : port),
  });
  onTestFinished(() => parts.close(0));
  await parts.start();
  await parts.manifests.apply("default", [hook("shop"), keeper], { dryRun: false });
  const body = Buffer.from("{}");
  const send = async () =>
    (await parts.hooks.find("default", "shop"))?.deliver(new Headers({ ...signed(body), "x-delivery": "1" }), body);
  await expect(send()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  failing = false;
  expect(await send()).toEqual({ repeated: true });
  const scope = { tenantId: "default", caller: "x", operator: true };
  const heads = async (agent: string) => (await parts.tasks.list(scope, { agent })).heads;
  await expect.poll(async () => (await heads("keeper")).map(({ state }) => state)).toEqual(["completed"]);
  expect(await heads("shop")).toHaveLength(1);
  await expect
    .poll(async () => {
      await parts.retention.collect({ tenantId: "default", olderThanMs: 0, dryRun: false });
      return (await heads("shop")).length;
    })
    .toBe(0);
  expect(await send()).toEqual({ repeated: true });
  expect(await heads("shop")).toEqual([]);
});

test("no secret and no body is in the log, whatever goes wrong", async () => {
  const lines: string[] = [];
  const senses = createSystemSenses({ log: (...line) => lines.push(JSON.stringify(line)) });
  const parts = await compose({ dataDirectory: await folder(), node: "n", env: ENV, senses });
  onTestFinished(() => parts.close(0));
  await parts.start();
  const secrets = ["SHOP_HOOK_SECRET", "SHORT_HOOK_SECRET"];
  await parts.manifests.apply("default", [hook("shop", { secrets })], { dryRun: false });
  for (const [text, headers] of [
    ['{"card":"4111"', { "x-delivery": "1" }],
    ['{"card":"4111"}', { "x-delivery": "2" }],
    ['{"card":"4111"}', { "x-sign": "4111" }],
  ] as const) {
    const body = Buffer.from(text);
    const entry = await parts.hooks.find("default", "shop");
    await entry?.deliver(new Headers({ ...signed(body), ...headers }), body).catch(() => {});
  }
  const said = lines.filter((line) => line.includes("webhook"));
  expect(said).toEqual([expect.stringContaining("webhook shop: SHORT_HOOK_SECRET: expected a secret of 16 bytes")]);
  expect(lines.join("\n")).not.toMatch(/4111|0123456789abcdef|"short"/);
});
