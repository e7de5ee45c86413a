/**
 * Hostile requests at the front doors, without sockets. AGENTCORE_FUZZ_SEED repeats a run, AGENTCORE_FUZZ_REQUESTS says how
 * many are made in all.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createRecordingLogger } from "@agentcore/core/testing";
import fc from "fast-check";
import { expect, it } from "vitest";
import { collectGarbage } from "../../test/gateway/collect-garbage.ts";
import { FakeTaskService } from "../../test/gateway/fake-task-service.ts";
import { createFixture, describeAgent } from "../../test/gateway/gateway-fixture.ts";
import { checkAnswer, type ReadAnswer } from "../../test/gateway/hostile/answers.ts";
import { type HostileRequest, hostileRequests } from "../../test/gateway/hostile/requests.ts";
import { read, sendHostile, settledWithin, show } from "../../test/gateway/hostile/send.ts";
import { createPushConfigs } from "../push/push-configs.ts";
import { PushStore } from "../push/push-store.ts";
import { createIds, systemClock } from "../system-senses.ts";
import { parseApiKeys } from "./http/parse-api-keys.ts";

const REQUESTS = Number(process.env.AGENTCORE_FUZZ_REQUESTS ?? 52_000);
const SEED = Number(process.env.AGENTCORE_FUZZ_SEED ?? Date.now() % 2 ** 31);
/** Requests that are under way together. */
const BATCH = 16;
/** Requests until what is stored is made anew. */
const PER_STORAGE = 2_000;

// Two callers of one tenant, one of the same name in another tenant, and that one's operator.
const CALLERS = [
  { mark: "ann-at-default", key: "ann-at-default-key", entry: "ann-at-default-key caller=ann" },
  { mark: "bob-at-default", key: "bob-at-default-key", entry: "bob-at-default-key caller=bob" },
  { mark: "ann-at-other", key: "ann-at-other-key", entry: "ann-at-other-key caller=ann tenant=other" },
  {
    mark: "root-at-third",
    key: "root-at-third-key",
    entry: "root-at-third-key caller=root tenant=third role=operator",
  },
] as const;

/** A hundredth of what would be there if the gateway kept the requests. */
const MAX_GROWTH_BYTES = 25_000_000;

interface Effects {
  count: number;
}

const effects = new AsyncLocalStorage<Effects>();

/** Counts what a call does for the request that it belongs to. */
const counting =
  <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
  async (...args: Args): Promise<Result> => {
    const result = await work(...args);
    const current = effects.getStore();
    if (current !== undefined) current.count += 1;
    return result;
  };

/** What a node stores, which only grows: it is made anew from time to time, under the same gateway. */
const createStorage = () => {
  const tasks = new FakeTaskService();
  tasks.submit = counting(tasks.submit.bind(tasks));
  tasks.send = counting(tasks.send.bind(tasks));
  tasks.cancel = counting(tasks.cancel.bind(tasks));
  const store = new PushStore(createMemoryKeyValue({ clock: systemClock }), createRecordingLogger());
  const configs = createPushConfigs({ store, clock: systemClock, ids: createIds() });
  return {
    tasks,
    push: { ...configs, register: counting(configs.register), delete: counting(configs.delete) },
  };
};

/** Whatever `current` is when it is used. */
const latest = <T extends object>(current: () => T): T =>
  new Proxy({} as T, {
    get(_, name) {
      const value = Reflect.get(current(), name);
      return typeof value === "function" ? value.bind(current()) : value;
    },
  });

const createNode = async () => {
  const agent = describeAgent("echo", { extendedCard: { description: "more" } });
  let storage = createStorage();
  const fixture = createFixture({
    tasks: latest(() => storage.tasks),
    push: latest(() => storage.push),
    agents: { list: () => [agent], get: (_, name) => (name === agent.name ? agent : null) },
    apiKeys: parseApiKeys(CALLERS.map(({ entry }) => entry)),
    settings: { cancelWaitMs: 1, heartbeatMs: 1000, maxBodyBytes: 256 * 1024, maxStreams: 40, maxStreamsPerCaller: 20 },
  });
  /** Three tasks each, in turn: done, at work, waiting for an answer. */
  const furnish = async () => {
    for (const { mark, key } of CALLERS)
      for (const text of ["hello", "hold", "ask"])
        await fixture.result(
          "SendMessage",
          {
            message: { messageId: `${mark}-${text}`, role: "ROLE_USER", parts: [{ text }, { text: mark }] },
            configuration: { returnImmediately: true },
          },
          { headers: { authorization: `Bearer ${key}` } },
        );
  };
  await furnish();
  return {
    gateway: fixture.gateway,
    errors: fixture.errors,
    get tasks() {
      return storage.tasks;
    },
    async renew() {
      storage = createStorage();
      await furnish();
    },
  };
};

type Node = Awaited<ReturnType<typeof createNode>>;

interface Done {
  readonly request: HostileRequest;
  readonly answer: ReadAnswer;
  readonly effects: number;
}

const send = async (node: Node, key: string, request: HostileRequest): Promise<Done | null> => {
  const done = { count: 0 };
  const answer = await effects.run(done, () => sendHostile(node.gateway, key, request));
  return answer === null ? null : { request, answer, effects: done.count };
};

/** The one refusal after an effect: a cancel that was accepted while the task's end was being committed (I2). */
const lostToTheEnd = ({ request, answer, effects }: Done): boolean =>
  request.operation === "CancelTask" && effects === 1 && answer.text.includes("ended before the cancel reached it");

/** What is whose, by what the node has stored. */
const foreignIds = (node: Node, caller: number): ReadonlySet<string> => {
  const own = CALLERS[caller]?.entry ?? "";
  const tenantId = /tenant=(\S+)/.exec(own)?.[1] ?? "default";
  const name = /caller=(\S+)/.exec(own)?.[1];
  const foreign = new Set<string>();
  for (const { taskId, scope } of node.tasks.tasks.values())
    if (scope.tenantId !== tenantId || scope.caller !== name) foreign.add(taskId);
  return foreign;
};

/** Names of tasks in what the caller has said itself, which it may well hear again. */
const mentioned = (text: string): readonly string[] => text.match(/task-\d+/g) ?? [];

const askedIn = ({ address, body }: HostileRequest): string =>
  `${address} ${new TextDecoder().decode(body ?? new Uint8Array())}`;

const idsOfTasks = (value: unknown): readonly unknown[] => {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(idsOfTasks);
  const record = value as Record<string, unknown>;
  const own = [...(typeof record["status"] === "object" ? [record["id"]] : []), record["taskId"]];
  // Whatever else is in there came from the caller.
  const inner = ["result", "task", "tasks", "statusUpdate", "artifactUpdate", "configs"].map((name) => record[name]);
  return [...own, ...inner.flatMap(idsOfTasks)];
};

const checkPrivacy = (
  node: Node,
  caller: number,
  said: ReadonlySet<string>,
  { answer }: Done,
  bodies: readonly unknown[],
): void => {
  CALLERS.forEach(({ mark }, index) => {
    if (index !== caller && answer.text.includes(mark)) throw new Error(`the answer has words of ${mark}`);
  });
  const foreign = foreignIds(node, caller);
  for (const id of mentioned(answer.text))
    if (foreign.has(id) && !said.has(id)) throw new Error(`the answer names ${id}, which is somebody else's`);
  for (const id of bodies.flatMap(idsOfTasks))
    if (foreign.has(String(id))) throw new Error(`the answer shows ${String(id)}, which is somebody else's`);
};

const assertNothingOpen = async ({
  gateway,
  tasks,
  errors,
}: Pick<Node, "gateway" | "tasks" | "errors">): Promise<void> => {
  expect(errors).toEqual([]);
  await expect
    .poll(() => [gateway.openStreams, tasks.readers, tasks.waiting], { timeout: 5_000, interval: 5 })
    .toEqual([0, 0, 0]);
};

const usedHeap = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

it(`no hostile request gets more than a plain refusal, or leaves anything behind (seed ${SEED})`, {
  timeout: 240_000,
}, async () => {
  const node = await createNode();
  let said = CALLERS.map(() => new Set<string>());
  let sent = 0;
  let stored = 0;
  let taken = 0;
  const heaps: number[] = [];

  const renew = async () => {
    if (stored < PER_STORAGE) return;
    await assertNothingOpen(node);
    await node.renew();
    said = CALLERS.map(() => new Set());
    stored = 0;
    heaps.push(usedHeap());
  };

  const requests = CALLERS.map(({ mark }, index) =>
    fc.array(
      hostileRequests(
        mark,
        [1, 2, 3].map((number) => 3 * index + number),
      ),
      { minLength: BATCH / 4, maxLength: BATCH / 4 },
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.tuple(...requests), async (batch) => {
      await renew();
      const sending = batch.flatMap((own, caller) =>
        own.map(async (request) => {
          // Before it is sent: another answer may show it before this one's own has come.
          for (const id of mentioned(askedIn(request))) said[caller]?.add(id);
          const done = await send(node, CALLERS[caller]?.key ?? "", request);
          if (done === null) return;
          sent += 1;
          stored += 1;
          if (done.answer.status < 300) taken += 1;
          try {
            const { refused, bodies } = checkAnswer(request, done.answer);
            if (refused && done.effects > 0 && !lostToTheEnd(done))
              throw new Error(`refused after ${done.effects} effects`);
            checkPrivacy(node, caller, said[caller] ?? new Set(), done, bodies);
          } catch (error) {
            throw new Error(
              `${String(error)}\n${show(request)}\n-> ${done.answer.status} ${done.answer.text.slice(0, 3000)}`,
            );
          }
        }),
      );
      await Promise.all(sending);
      if (node.errors.length > 0)
        throw new Error(`a defect behind the answers: ${String((node.errors[0] as Error).stack)}`);
    }),
    { numRuns: Math.ceil(REQUESTS / BATCH), seed: SEED, endOnFailure: process.env.AGENTCORE_FUZZ_SEED === undefined },
  );
  await assertNothingOpen(node);
  expect(sent).toBeGreaterThan(REQUESTS * 0.95);
  // Else it would be the same few refusals over and over.
  expect(taken).toBeGreaterThan(sent * 0.3);
  const [first = 0] = heaps;
  expect(usedHeap() - first).toBeLessThan(MAX_GROWTH_BYTES);
});

const word = fc.oneof(
  fc.constantFrom("echo", "tasks", "task-1", "default", "api", "v1", "events", "%", "%00", "..", "{id}", "schemas"),
  fc.string(),
);
const apiPath = fc.oneof(
  fc.constantFrom(
    ...["/api/v1/tasks", "/api/v1/manifests", "/api/v1/tasks/task-1/messages", "/api/v1/tasks/task-1/events"],
    ...[
      "/api/v1/tasks/task-1/webhooks",
      "/api/v1/agents",
      "/api/v1/nodes",
      "/schemas/task.json",
      "/metrics",
      "/openapi.json",
    ],
    ...["/.well-known/agent-card.json", "/.well-known/ai-catalog.json", "/.well-known/agent.json"],
  ),
  fc.array(word, { maxLength: 5 }).map((words) => `/${words.map((text) => text.replace(/[?#]/g, "")).join("/")}`),
);
const apiHeaders = fc.record(
  {
    "content-type": fc.constantFrom("application/json", "application/json", "application/yaml", "text/plain", ";"),
    accept: fc.constantFrom("*/*", "text/event-stream"),
    "last-event-id": fc.constantFrom("1", "0", "-1", "x", "99999999999999999999"),
    "content-length": fc.constantFrom("0", "-1", "x", "5"),
    "if-modified-since": fc.string().map(encodeURIComponent),
  },
  { requiredKeys: ["content-type"] },
);
const apiQuery = fc.oneof(
  fc.constant(""),
  fc.webQueryParameters().map((text) => `?${text}`),
  fc.constantFrom("?pageSize=-1", "?after=1e9", "?state=x", "?historyLength=99999999999"),
);
const apiBody = fc.oneof(
  fc
    .record({ target: fc.jsonValue(), input: fc.jsonValue(), message: fc.jsonValue() }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string(),
  fc.constantFrom('{"__proto__":{"a":1}}', "a: &a [*a]", "\u0000"),
);

it("what is not A2A is answered as plainly", { timeout: 60_000 }, async () => {
  const { gateway, errors, tasks } = createFixture({ settings: { cancelWaitMs: 1, heartbeatMs: 1000 } });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("POST", "POST", "GET", "GET", "DELETE", "PUT", "HEAD", "OPTIONS"),
      ...([apiPath, apiQuery, apiBody, apiHeaders] as const),
      async (method, path, query, body, headers) => {
        const url = `http://localhost${path}${query}`;
        if (!URL.canParse(url) || new URL(url).hostname !== "localhost") return;
        const controller = new AbortController();
        const content = method === "GET" || method === "HEAD" ? {} : { body };
        const request = new Request(url, {
          method,
          headers: headers as Record<string, string>,
          signal: controller.signal,
          ...content,
        });
        const pending = gateway.fetch(request);
        await settledWithin(pending, 12);
        controller.abort();
        const response = await pending;
        expect(response.status).toBeLessThan(500);
        // The one page there is.
        if (new URL(url).pathname !== "/") expect(response.headers.get("content-type") ?? "").not.toContain("html");
        expect((await read(response)).text).not.toMatch(/\n\s+at |\.ts:\d/);
      },
    ),
    { numRuns: 2_000, seed: SEED },
  );
  await assertNothingOpen({ gateway, tasks, errors });
});
