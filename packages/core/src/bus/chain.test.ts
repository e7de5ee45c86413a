import { PlatformError } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AgentRegistry, createReplica } from "../registry/index.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { createFnvDigest, createRecordingLogger, createSequentialIds } from "../testing/test-senses.ts";
import * as entry from "./index.ts";
import {
  type BusOptions,
  type CallRecord,
  createBus,
  type Delivered,
  isDelivered,
  type MessageDraft,
} from "./index.ts";

const TENANTS = ["acme", "globex"];
const NAMES = ["a", "b"];

const setup = (options: Partial<BusOptions> = {}) => {
  const clock = new ManualClock();
  const registry = new AgentRegistry({ clock, heartbeatTimeoutMs: 1e9 });
  for (const tenantId of TENANTS) {
    for (const name of NAMES) {
      registry.register({
        tenantId,
        name,
        revision: "1",
        description: "",
        skills: [{ id: "score", name: "", description: "", tags: [] }],
        labels: { team: "risk" },
        subscribes: [],
        idempotent: true,
        replicas: [createReplica(`${tenantId}-${name}`, "n")],
      });
    }
  }
  const delivered: { readonly agent: string; readonly tenantId: string; readonly message: Delivered }[] = [];
  const calls: CallRecord[] = [];
  const bus = createBus({
    registry,
    senses: { clock, logger: createRecordingLogger(), ids: createSequentialIds(), digest: createFnvDigest() },
    deliver: {
      query: async (record, _replica, message) => (
        delivered.push({ agent: record.name, tenantId: record.tenantId, message }), record.tenantId
      ),
      commands: {
        accept: async (message, { record }) => (
          delivered.push({ agent: record.name, tenantId: record.tenantId, message }), { taskId: record.tenantId }
        ),
      },
    },
    onCall: (call) => calls.push(call),
    ...options,
  });
  return { bus, delivered, calls, registry };
};

const draft = (more: Partial<MessageDraft> = {}): MessageDraft => ({
  tenantId: "acme",
  source: "agent:a",
  target: "agent:b",
  payload: null,
  ...more,
});
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "ok",
    (error: unknown) => (PlatformError.is(error) ? error.code : error),
  );
const acme = { caller: "agent:a", tenantId: "acme" };

test("I7: no primitive, target, option or order of calls brings a message of one tenant to another", async () => {
  const call = fc.record({
    from: fc.constantFrom(...TENANTS),
    message: fc.constantFrom(...TENANTS),
    target: fc.constantFrom("agent:a", "capability:score", "labels:team=risk", "topic:loan.decided"),
    primitive: fc.constantFrom("query" as const, "command" as const, "emit" as const, "acceptForeign" as const),
    claim: fc.constantFrom(undefined, "root"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 15 }), async (all) => {
      // An authoriser that allows everything must not be able to open the border.
      const { bus, delivered, calls } = setup({ authoriser: { authorise: () => undefined } });
      const heard: string[] = [];
      for (const tenant of TENANTS)
        bus.subscribe(tenant, "*", (event) => void heard.push(`${tenant} ${event.tenantId}`));
      for (const { from, message, target, primitive, claim } of all) {
        const before = delivered.length;
        const draftOf = draft({ tenantId: message, target, auth: claim === undefined ? undefined : { caller: claim } });
        const caller = { caller: "agent:a", tenantId: from };
        const json = { ...draftOf, id: "m", type: "query", timestamp: 1 };
        const code = await codeOf(
          primitive === "acceptForeign" ? bus.acceptForeign(json, caller) : bus[primitive](draftOf, { caller }),
        );
        if (from !== message) expect(code).toMatch(/PERMISSION_DENIED|TARGET_UNSUPPORTED/);
        for (const { tenantId } of delivered.slice(before)) expect([tenantId, tenantId]).toEqual([from, message]);
      }
      expect(heard.every((line) => line === "acme acme" || line === "globex globex")).toBe(true);
      for (const { decision, tenantId } of calls)
        if (decision?.choice !== undefined) expect(decision.choice.record.tenantId).toBe(tenantId);
    }),
  );
});

test("I7: a route cached for one tenant is not used for another", async () => {
  const { bus } = setup();
  for (const tenantId of [...TENANTS, ...TENANTS]) {
    for (const target of ["agent:b", "capability:score"])
      expect(await bus.query(draft({ tenantId, target }), { caller: { caller: "x", tenantId } })).toBe(tenantId);
  }
});

test("I7: two tenants share neither rate nor breaker, even for agents of one name and callers of one name", async () => {
  let ill = true;
  const { bus } = setup({
    limits: { burst: 6, ratePerSecond: 1 },
    deliver: { query: async (record) => (record.tenantId === "acme" && ill ? Promise.reject(new Error("bug")) : 1) },
  });
  for (let i = 0; i < 5; i++) expect(await codeOf(bus.query(draft(), { caller: acme }))).toBe("AGENT_FAILED");
  expect(await codeOf(bus.query(draft(), { caller: acme }))).toBe("CIRCUIT_OPEN");
  expect(await codeOf(bus.query(draft(), { caller: acme }))).toBe("OVERLOADED");
  ill = false;
  expect(await codeOf(bus.query(draft({ tenantId: "globex" }), { caller: { ...acme, tenantId: "globex" } }))).toBe(
    "ok",
  );
});

test("I8: a handler can tell a delivery of the bus from anything that merely looks like one", async () => {
  const { bus, delivered } = setup();
  await bus.query(draft(), { caller: acme });
  const message = delivered[0]?.message as Delivered;
  expect(isDelivered(message)).toBe(true);
  expect(isDelivered(message, { tenantId: "acme", name: "b" })).toBe(true);
  // Kept and handed on: it opens neither another agent nor another tenant.
  expect(isDelivered(message, { tenantId: "acme", name: "a" })).toBe(false);
  expect(isDelivered(message, { tenantId: "globex", name: "b" })).toBe(false);
  const Forge = message.constructor as new (...args: unknown[]) => unknown;
  const forgeries = [
    { ...message },
    structuredClone({ ...message }),
    Object.create(message),
    new Proxy(message, {}),
    JSON.parse(JSON.stringify(message)),
    new Forge(message, "query", "agent:b", "id", 1),
    null,
    "agent:b",
  ];
  for (const forgery of forgeries) expect(isDelivered(forgery)).toBe(false);
});

test("I8: the bus offers its primitives and nothing that reaches a delivery, and its entry exports no way to stamp or compose", () => {
  const { bus } = setup();
  expect(Object.keys(bus).toSorted()).toEqual([
    "acceptForeign",
    "close",
    "command",
    "emit",
    "find",
    "query",
    "subscribe",
    "taskEnded",
  ]);
  expect(Object.isFrozen(bus)).toBe(true);
  expect(Object.keys(entry).toSorted()).toEqual([
    "DEFAULT_BUS_LIMITS",
    "createBus",
    "createRandom",
    "isDelivered",
    "sameTenantAuthoriser",
  ]);
});

test("I8: a stage sees the message before it counts as delivered, and a refusal of any stage means no delivery", async () => {
  const seen: boolean[] = [];
  const { bus, delivered, calls } = setup({
    interceptors: [
      {
        name: "content-filter",
        intercept: (call, next) => {
          seen.push(isDelivered(call.message));
          if (call.message.payload === "hostile") throw new PlatformError("PERMISSION_DENIED", "refused content");
          return next(call);
        },
      },
    ],
  });
  for (const primitive of ["query", "command"] as const) {
    expect(await codeOf(bus[primitive](draft({ payload: "hostile" }), { caller: acme }))).toBe("PERMISSION_DENIED");
  }
  expect(await codeOf(bus.query(draft({ payload: "kind" }), { caller: acme }))).toBe("ok");
  expect(seen).toEqual([false, false, false]);
  expect(delivered).toHaveLength(1);
  expect(calls.map(({ outcome }) => outcome)).toEqual(["PERMISSION_DENIED", "PERMISSION_DENIED", "ok"]);
});

test("nobody sends without a name, and the caller given wins over the message's own claim", async () => {
  const { bus, delivered } = setup();
  expect(await codeOf(bus.query(draft()))).toBe("UNAUTHENTICATED");
  expect(await codeOf(bus.query(draft({ auth: { caller: "root" } }), { caller: acme }))).toBe("ok");
  expect(delivered[0]?.message.auth?.caller).toBe("agent:a");
});

test("an authoriser's reason reaches the caller, and candidates it refuses are filtered out with theirs", async () => {
  const { bus, calls } = setup({
    authoriser: {
      authorise: async (_caller, message) => (message.source === "agent:x" ? "needs workflows:execute" : undefined),
      refuse: (_caller, record) => (record.name === "a" ? "is for operators" : undefined),
    },
  });
  await expect(bus.query(draft({ source: "agent:x" }), { caller: acme })).rejects.toThrow(/needs workflows:execute/);
  await bus.query(draft({ target: "capability:score" }), { caller: acme });
  expect(calls.at(-1)).toMatchObject({
    agent: "b",
    decision: { filteredOut: [{ agent: "a", why: "permission", detail: "is for operators" }] },
  });
  expect(await codeOf(bus.query(draft({ target: "agent:a" }), { caller: acme }))).toBe("PERMISSION_DENIED");
});

test("an envelope that breaks a rule is refused with each broken field, before anything else happens", async () => {
  const { bus, delivered } = setup();
  const bad = draft({ id: "x".repeat(257), deadline: -1, priority: "asap" as never });
  await expect(bus.query(bad, { caller: acme })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    violations: [{ field: "id" }, { field: "priority" }, { field: "deadline" }],
  });
  expect(await codeOf(bus.query(draft({ type: "command" }), { caller: acme }))).toBe("INVALID_ARGUMENT");
  expect(delivered).toEqual([]);
});

test("a foreign message is checked in full, takes snake_case, and its own auth is not believed", async () => {
  const { bus, delivered } = setup();
  const json = {
    id: "m1",
    source: "node-2",
    target: "agent:b",
    type: "query",
    payload: 1,
    timestamp: 1,
    tenant_id: "acme",
    correlation_id: "c",
    auth: { caller: "root" },
  };
  expect(await bus.acceptForeign(json, acme)).toBe("acme");
  expect(delivered[0]?.message).toMatchObject({ id: "m1", correlationId: "c", auth: { caller: "agent:a" } });
  expect(await codeOf(bus.acceptForeign({ ...json, type: "shout" }, acme))).toBe("INVALID_ARGUMENT");
  expect(await codeOf(bus.acceptForeign("{}", acme))).toBe("INVALID_ARGUMENT");
  expect(await codeOf(bus.acceptForeign({ ...json, type: "response" }, acme))).toBe("TARGET_UNSUPPORTED");
});
