/** Several nodes on one database: who runs what, and what becomes of the work of a node that is silent. */
import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import type { StoredEvent, TaskStore } from "@agentcore/core/ports";
import pg from "pg";
import { afterEach, beforeEach, expect } from "vitest";
import { define, type EngineNode, LEASE_MS, outputOf, SCOPE, startEngineNode } from "../test/engine-nodes.ts";
import { claimedTask, newTask, submitted } from "../test/new-task.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres } from "./index.ts";

let schema: ReturnType<typeof newSchema>;
let nodes: EngineNode[] = [];
beforeEach(() => {
  schema = newSchema();
  nodes = [];
});
afterEach(async () => {
  for (const node of nodes) await node.close();
  await schema.drop();
});

const startNode = async (
  name: string,
  agents: readonly AgentDefinition[],
  concurrency?: number,
): Promise<EngineNode> => {
  const more = concurrency === undefined ? {} : { concurrency };
  const node = await startEngineNode({ schema: schema.schema, name, agents, ...more });
  nodes.push(node);
  return node;
};

const asAnybody = async (work: (client: pg.Client) => Promise<void>): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await work(client);
  await client.end();
};

test("work that one node has no slot for is run by another", async () => {
  const ran: string[] = [];
  const agent = (node: string) =>
    define("work", async (_, ctx) => {
      await ctx.step("who", () => void ran.push(node));
      await ctx.sleep(50);
      return node;
    });
  const a = await startNode("a", [agent("a")], 1);
  await startNode("b", [agent("b")], 5);
  const tasks = await Promise.all(
    Array.from({ length: 12 }, () => a.service.submit(SCOPE, { target: { agent: "work" } })),
  );
  for (const { taskId } of tasks) expect(["a", "b"]).toContain(await outputOf(a, taskId));
  expect(ran).toHaveLength(12);
  expect(new Set(ran)).toEqual(new Set(["a", "b"]));
});

const codeIn = (outcome: unknown): string => (PlatformError.is(outcome) ? outcome.code : "none");

test("of two people who answer on two nodes one decides, and both are told", async () => {
  const loan = define("loan", async (_, ctx) => {
    const { choice, by } = await ctx.waitForDecision({ prompt: "Grant it?", approvers: ["bob", "carol"] });
    return [choice, by[0]?.caller];
  });
  const [a, b] = [await startNode("a", [loan]), await startNode("b", [loan])];
  for (let turn = 0; turn < 10; turn++) {
    const { taskId } = await a.service.submit(SCOPE, { target: { agent: "loan" } });
    await a.service.settled(SCOPE, taskId);
    const decide = async (node: EngineNode, caller: string, choice: string) => {
      const scope = { ...SCOPE, caller };
      const { items } = await node.service.inbox(scope, { taskId });
      const token = items[0]?.approval?.token ?? "none";
      return async () => {
        const outcome = await node.service.decide(scope, taskId, { token, choice }).catch((error: unknown) => error);
        return [caller, choice, outcome] as const;
      };
    };
    const answers = await Promise.all([decide(a, "bob", "approve"), decide(b, "carol", "reject")]);
    const told = await Promise.all(answers.map((answer) => answer()));
    const counted = told.filter(([, , outcome]) => !(outcome instanceof Error));
    expect(counted).toMatchObject([[expect.any(String), expect.any(String), { decided: true }]]);
    expect(await outputOf(b, taskId)).toEqual([counted[0]?.[1], counted[0]?.[0]]);
    const refused = told.find(([, , outcome]) => outcome instanceof Error);
    // After the end, where the winner's answer was taken in and the task ended before the other came.
    expect(["DECISION_REFUSED", "TASK_TERMINAL"]).toContain(codeIn(refused?.[2]));
  }
});

test("streams, answers and cancels work whichever node is asked", async () => {
  const asker = define("asker", async (_, ctx) => `you said ${await ctx.waitForInput<string>("what?")}`);
  const sleeper = define("sleeper", async (_, ctx) =>
    ctx.step(
      "long",
      ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    ),
  );
  const a = await startNode("a", [asker, sleeper]);
  const b = await startNode("b", [asker, sleeper]);
  const { taskId } = await a.service.submit(SCOPE, { target: { agent: "asker" } });
  const ended = outputOf(a, taskId);
  await b.service.settled(SCOPE, taskId);
  await b.service.send(SCOPE, taskId, { messageId: "m", role: "ROLE_USER", parts: [{ text: "hello" }] });
  expect(await ended).toBe("you said hello");
  const long = await a.service.submit(SCOPE, { target: { agent: "sleeper" } });
  await b.service.cancel(SCOPE, long.taskId);
  expect(await outputOf(b, long.taskId)).toBe("canceled");
});

test("a silent node's tasks go on elsewhere after its lease; when it wakes up it commits nothing (I1, I3, I10)", async () => {
  const ran: string[] = [];
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const agent = (node: string) =>
    define("work", async (_, ctx) => {
      await ctx.step("first", () => void ran.push(`first on ${node}`));
      return ctx.step("second", async () => {
        ran.push(`second on ${node}`);
        if (node === "a") await held;
        return node;
      });
    });
  const a = await startNode("a", [agent("a")]);
  const { taskId } = await a.service.submit(SCOPE, { target: { agent: "work" } });
  const b = await startNode("b", [agent("b")]);
  await expect.poll(() => ran).toContain("second on a");
  a.freeze(true);
  const frozenAt = performance.now();
  expect(await outputOf(b, taskId)).toBe("b");
  // One lease, and two seconds to notice.
  expect(performance.now() - frozenAt).toBeLessThan(LEASE_MS + 2_000);
  // It has stopped by itself at two thirds, before anybody could take the task.
  expect(a.engine.resident).toBe(0);
  release();
  a.freeze(false);
  await expect.poll(async () => (await a.service.head(SCOPE, taskId)).state).toBe("completed");
  const log = await b.service.log(SCOPE, taskId);
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
  expect(log.filter(({ type }) => type === "task.completed")).toHaveLength(1);
  expect(ran).toEqual(["first on a", "second on a", "second on b"]);
  // It joins again and takes new work; until then it refuses, as a caller can repeat.
  const again = { target: { agent: "work" }, input: 2, idempotencyKey: "again" } as const;
  await expect.poll(() => a.service.submit(SCOPE, again).then(() => "accepted", String)).toBe("accepted");
  const { taskId: next } = await a.service.submit(SCOPE, again);
  expect(["a", "b"]).toContain(await outputOf(a, next));
});

test("of two processes with one name the later is the node, and the earlier says what is wrong instead of taking it back", async () => {
  const open = () => openPostgres({ url, node: "twin", schema: schema.schema, leaseMs: LEASE_MS });
  const earlier = await open();
  const later = await open();
  await expect(earlier.tasks.renew()).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("--node"),
  });
  expect(await later.tasks.renew()).toEqual({ validForMs: LEASE_MS, isNew: false });
  await expect(earlier.tasks.claim({ limit: 1, now: Date.now() })).rejects.toMatchObject({ code: "LEASE_LOST" });
  await earlier.close();
  await later.close();
});

test("a lease is held by the node that has it, not by one that knows the same token (I1)", async () => {
  const open = (node: string) => openPostgres({ url, node, schema: schema.schema, leaseMs: LEASE_MS });
  const [first, second] = [await open("x"), await open("y")];
  const lease = { tenantId: "acme", taskId: "t", token: 1 };
  const held = () => Promise.all([first, second].map(({ tasks }) => tasks.holds(lease)));
  await first.tasks.commit([{ tenantId: "acme", create: [claimedTask("t")] }]);
  expect(await held()).toEqual([true, false]);
  expect(await second.tasks.head(lease)).toMatchObject({ leased: true, token: 1 });
  const later = await open("x");
  expect(await Promise.all([first.tasks.holds(lease), later.tasks.holds(lease)])).toEqual([false, false]);
  for (const stores of [first, second, later]) await stores.close();
});

test("a connection that breaks in the middle of a transaction fails that call, and not the process", async () => {
  const named = new URL(url);
  named.searchParams.set("application_name", schema.schema);
  const stores = await openPostgres({ url: named.href, node: "x", schema: schema.schema });
  await asAnybody(async (client) => {
    await client.query("begin");
    await client.query(`lock table ${schema.schema}.workers in access exclusive mode`);
    const refused = expect(stores.tasks.reclaim()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    const waiting = `select pid from pg_stat_activity where application_name = '${schema.schema}' and wait_event_type = 'Lock'`;
    await expect.poll(async () => (await client.query(waiting)).rowCount).toBe(1);
    await client.query(`select pg_terminate_backend(pid) from (${waiting}) found`);
    await refused;
    await client.query("rollback");
  });
  expect(await stores.tasks.reclaim()).toBe(0);
  await stores.close();
});

test("what anybody else says on the line between nodes harms nobody", async () => {
  const first = await openPostgres({ url, node: "x", schema: schema.schema });
  const second = await openPostgres({ url, node: "y", schema: schema.schema });
  const heard: unknown[] = [];
  second.tasks.listen((hint) => heard.push(hint));
  const rubbish = ["", "{", "null", "[]", '{"from":"z"}', '{"from":"z","due":true,"changed":[["t"],7]}'];
  const wrongValue = '{"from":"z","due":true,"changed":[],"value":{"key":7}}';
  await asAnybody(async (client) => {
    for (const payload of [...rubbish, wrongValue])
      await client.query("select pg_notify($1, $2)", [`agentcore_${schema.schema}`, payload]);
  });
  // The order of the line is kept, so what comes now comes after all that.
  await first.tasks.commit([{ tenantId: "acme", create: [newTask("t")] }]);
  await expect.poll(() => heard).toEqual([{ kind: "due" }]);
  await first.close();
  await second.close();
});

test("a cancel of which no hint can tell reaches the task on another node, and a line that is back says that it missed something", async () => {
  const sleeper = define("sleeper", async (_, ctx) =>
    ctx.step(
      "long",
      ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    ),
  );
  const applicationName = schema.schema;
  const [a, b] = await Promise.all(
    ["a", "b"].map((name) => startEngineNode({ schema: schema.schema, name, agents: [sleeper], applicationName })),
  );
  if (a === undefined || b === undefined) throw new Error("no nodes");
  nodes.push(a, b);
  const heard: string[] = [];
  a.store.listen(({ kind }) => heard.push(kind));
  const { taskId } = await a.service.submit(SCOPE, { target: { agent: "sleeper" } });
  await expect.poll(async () => (await b.service.head(SCOPE, taskId)).state).toBe("working");
  await asAnybody(async (client) => {
    const lines = "from pg_stat_activity where application_name = $1 and query like '%pg_notify%'";
    const ended = await client.query(`select pg_terminate_backend(pid) ${lines}`, [applicationName]);
    expect(ended.rowCount).toBe(2);
  });
  await b.service.cancel(SCOPE, taskId);
  expect(await outputOf(a, taskId)).toBe("canceled");
  await expect.poll(() => heard, { timeout: 5_000 }).toContain("missed");
});

test("once the schema is there, its user needs no right to create others", async () => {
  const role = `plain_${schema.schema}`;
  const plain = Object.assign(new URL(url), { username: role }).href;
  await asAnybody(async (client) => {
    await client.query(`create role ${role} login`);
    await client.query(`create schema ${schema.schema} authorization ${role}`);
    const database = new URL(url).pathname.slice(1);
    await client.query(`revoke create on database ${database} from ${role}`);
  });
  const stores = await openPostgres({ url: plain, node: "x", schema: schema.schema });
  expect(await stores.tasks.nextDue()).toBeNull();
  await stores.close();
  await asAnybody(async (client) => {
    await client.query(`drop schema ${schema.schema} cascade`);
    await client.query(`drop role ${role}`);
  });
});

test("a payload that JSON does not take fails its own commit only, although others share the statement", async () => {
  const stores = await openPostgres({ url, node: "x", schema: schema.schema });
  const bad = { ...newTask("bad"), events: [{ ...submitted, data: { ...submitted.data, input: 1n } }] };
  const [one, two, three] = await Promise.allSettled(
    [newTask("one"), bad, newTask("three")].map((each) => stores.tasks.commit([{ tenantId: "acme", create: [each] }])),
  );
  expect([one?.status, two?.status, three?.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect((await stores.tasks.list({ tenantId: "acme", limit: 9 })).total).toBe(2);
  await stores.close();
});

test("a reader across tasks, one row at a time, passes over no row of a transaction that began first and wrote later (I6)", async () => {
  const stores = await openPostgres({ url, node: "x", schema: schema.schema });
  await stores.tasks.commit([{ tenantId: "acme", create: [newTask("t")] }]);
  const insert = (seq: number) =>
    `insert into ${schema.schema}.events (task, seq, type, at, data) select id, ${seq}, 'task.started', 5, '{}' from ${schema.schema}.heads`;
  await asAnybody(async (early) => {
    await early.query("begin");
    await early.query("select pg_current_xact_id()");
    // Begins later, takes the lower position, and is committed while the other is open.
    await asAnybody(async (late) => void (await late.query(insert(3))));
    expect(await stores.tasks.tail({ after: null, limit: 9 })).toHaveLength(1);
    await early.query(insert(2));
    await early.query("commit");
  });
  const seen: number[] = [];
  for (let after: string | null = null; ; ) {
    const [row] = await stores.tasks.tail({ after, limit: 1 });
    if (row === undefined) break;
    seen.push(row.event.seq);
    after = row.cursor;
  }
  expect(seen).toEqual([1, 2, 3]);
  await stores.close();
});

test("one fenced unit among 200 leaves 199 committed, also while another node writes the same tasks' parents", async () => {
  const first = await openPostgres({ url, node: "x", schema: schema.schema });
  const second = await openPostgres({ url, node: "y", schema: schema.schema });
  const ids = Array.from({ length: 200 }, (_, index) => `t${index}`);
  await first.tasks.commit(ids.map((taskId) => ({ tenantId: "acme", create: [claimedTask(taskId)] })));
  const units = ids.map((taskId, index) => ({
    tenantId: "acme",
    taskId,
    append: {
      expect: { seq: 1, token: index === 100 ? 7 : 1 },
      events: [{ type: "task.started" as const, at: 6, data: {} }],
      state: "working" as const,
      consume: [],
      requireEmptyMailbox: false,
    },
    // Each tells its neighbour, and the other node tells all of them the other way round.
    mail: [
      {
        taskId: ids[(index + 1) % ids.length] ?? "",
        key: `m${index}`,
        kind: "signal" as const,
        payload: 1,
        ifTerminal: "drop" as const,
      },
    ],
  }));
  const backwards = [...ids].reverse().map((taskId) => ({
    tenantId: "acme",
    mail: [{ taskId, key: "other", kind: "signal" as const, payload: 1, ifTerminal: "drop" as const }],
  }));
  const [outcomes, others] = await Promise.all([first.tasks.commit(units), second.tasks.commit(backwards)]);
  expect(outcomes.filter(({ outcome }) => outcome === "committed")).toHaveLength(199);
  expect(outcomes[100]).toEqual({ outcome: "fenced" });
  expect(others.every(({ outcome }) => outcome === "committed")).toBe(true);
  await first.close();
  await second.close();
});

test("units of two nodes that are linked crosswise, parents and children, never wait for each other", async () => {
  const first = await openPostgres({ url, node: "x", schema: schema.schema });
  const second = await openPostgres({ url, node: "y", schema: schema.schema });
  const ids = (prefix: string): string[] => Array.from({ length: 40 }, (_, index) => `${prefix}${index}`);
  const [parents, children] = [ids("p"), ids("c")];
  await first.tasks.commit(parents.map((taskId) => ({ tenantId: "acme", create: [claimedTask(taskId)] })));
  await second.tasks.commit(children.map((taskId) => ({ tenantId: "acme", create: [claimedTask(taskId)] })));
  const write = async (
    tasks: TaskStore<StoredEvent>,
    mine: readonly string[],
    others: readonly string[],
  ): Promise<void> => {
    for (let round = 0; round < 30; round++) {
      const units = mine.map((taskId, index) => ({
        ...{ tenantId: "acme", taskId },
        append: {
          expect: { seq: round + 1, token: 1 },
          events: [{ type: "task.started" as const, at: 6, data: {} }],
          ...{ state: "working" as const, consume: [], requireEmptyMailbox: false },
        },
        // Neighbours share their recipients, so that no two of them fit one statement.
        mail: [index, index ^ 1].map((other, place) => ({
          taskId: others[other] ?? "",
          key: `${taskId} ${round} ${place}`,
          ...{ kind: "signal" as const, payload: 1, ifTerminal: "refuse" as const },
        })),
        // And both nodes make the same tasks, one at a time in few contexts, the other way round.
        create: [
          {
            ...newTask(`t${round}-${index}`),
            ...{ contextId: `c${index % 7}`, exclusive: true, ifExists: "ignore" as const },
          },
        ],
      }));
      const ordered =
        mine === parents
          ? units
          : units.map((unit, index) => ({ ...unit, create: units.at(-1 - index)?.create ?? [] })).reverse();
      const outcomes = await tasks.commit(ordered);
      expect(outcomes.filter(({ outcome }) => outcome !== "committed")).toEqual([]);
    }
  };
  const deadlocks = async (): Promise<number> => {
    let count = 0;
    await asAnybody(async (client) => {
      const { rows } = await client.query("select deadlocks from pg_stat_database where datname = current_database()");
      count = Number((rows[0] as { deadlocks: string }).deadlocks);
    });
    return count;
  };
  const before = await deadlocks();
  await Promise.all([write(first.tasks, parents, children), write(second.tasks, children, parents)]);
  // Statistics are told when a session ends.
  await first.close();
  await second.close();
  expect((await deadlocks()) - before).toBe(0);
  const third = await openPostgres({ url, node: "z", schema: schema.schema });
  const mail = await Promise.all(
    [...parents, ...children].map((taskId) => third.tasks.mailbox({ tenantId: "acme", taskId })),
  );
  expect(mail.flatMap(({ items }) => items)).toHaveLength(2 * 40 * 30 * 2);
  await third.close();
});
