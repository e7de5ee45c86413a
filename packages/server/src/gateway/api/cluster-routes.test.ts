import { type NodeStatus, PlatformError } from "@agentcore/contract";
import { expect, it } from "vitest";
import { createFixture } from "../../../test/gateway/gateway-fixture.ts";
import type { ApiKeyRole } from "../deps/credentials.ts";
import type { NodeService } from "../deps/node-service.ts";
import { hashOfKey } from "../http/parse-api-keys.ts";

const NODE: NodeStatus = {
  ...{ name: "a.example:1", address: "http://a", version: "1", roles: ["worker"], startedAt: 1, heartbeatAt: 2 },
  ...{ state: "ready", tasks: 3, agents: [] },
};

const world = () => {
  const calls: unknown[] = [];
  const get = (name: string): NodeStatus => {
    if (name !== NODE.name) throw new PlatformError("NOT_FOUND", `there is no node "${name}"`);
    return NODE;
  };
  const nodes: NodeService = {
    list: async (tenantId) => (calls.push(["list", tenantId]), [NODE]),
    get: async (_tenantId, name) => get(name),
    drain: async ({ tenantId, caller }, name, graceMs) => {
      calls.push(["drain", tenantId, caller, name, graceMs]);
      return { ...get(name), state: "draining" };
    },
    undrain: async (tenantId, name) => void calls.push(["undrain", tenantId, name]),
  };
  const key = (secret: string, tenantId: string, role: ApiKeyRole) => ({
    ...{ keyHash: hashOfKey(secret), tenantId, caller: secret, role },
  });
  const { call } = createFixture({
    nodes,
    apiKeys: [key("root", "default", "operator"), key("ann", "default", "caller"), key("other", "acme", "operator")],
  });
  const ask = async (secret: string, path: string, method = "GET", body?: unknown) => {
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const response = await call(`/api/v1/nodes${path}`, {
      ...{ method, headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text) };
  };
  return { ask, calls };
};

it("operators of every tenant see nodes, each with their own agents; callers do not (I7)", async () => {
  const { ask, calls } = world();
  expect(await ask("root", "")).toEqual({ status: 200, body: { nodes: [NODE] } });
  expect((await ask("other", "")).status).toBe(200);
  expect(calls).toEqual([
    ["list", "default"],
    ["list", "acme"],
  ]);
  expect((await ask("root", `/${encodeURIComponent(NODE.name)}`)).body).toEqual(NODE);
  expect((await ask("root", "/b")).body.error.code).toBe("NOT_FOUND");
  expect((await ask("ann", "")).body.error.code).toBe("PERMISSION_DENIED");
});

it("only operators of the default tenant drain and undrain, because nodes run the tasks of all", async () => {
  const { ask, calls } = world();
  for (const secret of ["ann", "other"])
    for (const verb of ["drain", "undrain"])
      expect((await ask(secret, `/${NODE.name}/${verb}`, "POST")).body.error.code).toBe("PERMISSION_DENIED");
  expect(calls).toEqual([]);
  expect(await ask("root", `/${NODE.name}/drain`, "POST")).toMatchObject({ status: 202, body: { state: "draining" } });
  expect((await ask("root", `/${NODE.name}/drain`, "POST", { graceMs: 0 })).status).toBe(202);
  expect((await ask("root", `/${NODE.name}/undrain`, "POST")).status).toBe(204);
  expect(calls).toEqual([
    ["drain", "default", "root", NODE.name, 30_000],
    ["drain", "default", "root", NODE.name, 0],
    ["undrain", "default", NODE.name],
  ]);
});

it.each([{ graceMs: -1 }, { graceMs: 3_600_001 }, { graceMs: "5" }, { grace: 5 }])("refuses %j", async (body) => {
  const { ask, calls } = world();
  expect((await ask("root", `/${NODE.name}/drain`, "POST", body)).body.error.code).toBe("INVALID_ARGUMENT");
  expect(calls).toEqual([]);
});
