import { codeOf, ensure, equal, present } from "./assertions.ts";
import { append, step, submitted, T0, type TaskStoreCase, TENANT, task } from "./task-store-fixture.ts";

export const readCases: readonly TaskStoreCase[] = [
  [
    "what is not there reads as null or nothing",
    async (it) => {
      const key = { tenantId: TENANT, taskId: "nobody" };
      equal(
        [await it.store.head(key), await it.store.readLog(key), await it.store.mailbox(key)],
        [null, [], []],
        "reads",
      );
      equal(await it.store.list({ tenantId: TENANT, limit: 10 }), { heads: [], total: 0 }, "list");
      equal(await it.store.commit([]), [], "no units, no outcomes");
    },
  ],
  [
    "a log is read from any number, as far as asked (I6)",
    async (it) => {
      const head = await it.running("a");
      await it.mustCommit({ taskId: "a", append: append(head, { events: [1, 2, 3, 4].map(step) }) });
      const read = async (options: { after?: number; limit?: number }) =>
        (await it.store.readLog({ tenantId: TENANT, taskId: "a" }, options)).map(({ seq }) => seq);
      equal(
        [await read({ after: 2 }), await read({ after: 1, limit: 2 }), await read({ after: 5 })],
        [[3, 4, 5], [2, 3], []],
        "pages",
      );
    },
  ],
  [
    "a list is newest change first, by each filter and by their conjunction",
    async (it) => {
      const made = (taskId: string, at: number, change: object = {}) =>
        task(taskId, { createdAt: at, events: [submitted(at)], ...change });
      await it.create(
        ...[made("a", T0 + 1), made("b", T0 + 3, { caller: "bob" }), made("c", T0 + 2, { contextId: "other" })],
        ...[
          made("d", T0 + 4, { agent: "writer" }),
          made("e", T0 + 5, { parent: { taskId: "a", path: "p" } }),
          made("f", T0, { claimed: { state: "working" } }),
        ],
      );
      const list = async (filter: object) => {
        const { heads, total } = await it.store.list({ tenantId: TENANT, limit: 10, ...filter });
        equal(total, heads.length, "total");
        return heads.map(({ taskId }) => taskId).join("");
      };
      equal(await list({}), "edbcaf", "all");
      equal(
        [
          await list({ caller: "bob" }),
          await list({ contextId: "other" }),
          await list({ agent: "writer" }),
          await list({ parentTaskId: "a" }),
        ],
        ["b", "c", "d", "e"],
        "one filter",
      );
      equal(
        [
          await list({ states: ["working"] }),
          await list({ states: ["working", "submitted"] }),
          await list({ states: [] }),
        ],
        ["f", "edbcaf", ""],
        "states",
      );
      equal(
        [
          await list({ updatedSince: T0 + 3 }),
          await list({ updatedSince: T0 + 3, caller: "ann" }),
          await list({ caller: "bob", agent: "writer" }),
        ],
        ["edb", "ed", ""],
        "together",
      );
      const head = await it.head("f");
      await it.mustCommit({
        taskId: "f",
        append: append(head, {
          events: [{ type: "task.completed", at: T0 + 9, data: { output: 1 } }],
          state: "completed",
        }),
      });
      equal(await list({}), "fedbca", "after a change of state");
    },
  ],
  [
    "pages of a list join without a gap or a double, also between equal times, and total counts all",
    async (it) => {
      await it.create(
        ...Array.from({ length: 25 }, (_, index) =>
          task(`t${String(index).padStart(2, "0")}`, { events: [submitted(T0 + Math.floor(index / 10))] }),
        ),
      );
      const seen: string[] = [];
      let after: { updatedAt: number; taskId: string } | undefined;
      for (let page = 0; page < 5; page += 1) {
        const { heads, total } = await it.store.list({ tenantId: TENANT, limit: 7, after });
        equal(total, 25, "total");
        ensure(heads.length <= 7, "a page is at most `limit` long");
        seen.push(...heads.map(({ taskId }) => taskId));
        after = heads.at(-1) ?? after;
      }
      equal([seen.length, new Set(seen).size], [25, 25], "tasks seen");
    },
  ],
  [
    "the tail gives all events in commit order from any position (I6)",
    async (it) => {
      const a = await it.running("a");
      await it.running("b");
      await it.mustCommit({ taskId: "a", append: append(a, { events: [step(1), step(2)] }) });
      const rows = await it.store.tail({ after: null, limit: 100 });
      equal(
        rows.map(({ taskId, event }) => `${taskId}${event.seq}`),
        ["a1", "b1", "a2", "a3"],
        "order",
      );
      const [, second] = rows;
      equal(
        (await it.store.tail({ after: present(second, "second").cursor, limit: 1 })).map(({ event }) => event.seq),
        [2],
        "page",
      );
      equal(await it.store.tail({ after: present(rows.at(-1), "last").cursor, limit: 9 }), [], "end");
    },
  ],
  [
    "refused units leave no hole that a reader of the tail could wait at",
    async (it) => {
      const head = await it.running("a");
      const before = (await it.store.tail({ after: null, limit: 9 })).at(-1)?.cursor ?? null;
      await it.commit({ taskId: "a", append: append(head), create: [task("a")] });
      await it.mustCommit({ taskId: "a", append: append(head) });
      equal(
        (await it.store.tail({ after: before, limit: 9 })).map(({ event }) => event.seq),
        [2],
        "tail",
      );
    },
  ],
  [
    "outbox rows stay until acknowledged, in order, and a position never comes again",
    async (it) => {
      await it.mustCommit({ outbox: ["1", "2", "3"].map((id) => ({ id, kind: "event" as const, payload: { id } })) });
      const rows = await it.store.outbox({ after: 0, limit: 10 });
      equal(
        rows.map(({ tenantId, id, kind, payload }) => ({ tenantId, id, kind, payload })),
        ["1", "2", "3"].map((id) => ({ tenantId: TENANT, id, kind: "event", payload: { id } })),
        "rows",
      );
      equal(
        (await it.store.outbox({ after: rows[0]?.position ?? 0, limit: 1 })).map(({ id }) => id),
        ["2"],
        "page",
      );
      const last = rows.at(-1)?.position ?? 0;
      await it.store.acknowledgeOutbox([rows[1]?.position ?? 0, last]);
      await it.store.acknowledgeOutbox([last, 999_999]);
      await it.store.acknowledgeOutbox([]);
      equal(
        (await it.store.outbox({ after: 0, limit: 10 })).map(({ id }) => id),
        ["1"],
        "left",
      );
      await it.mustCommit({ outbox: [{ id: "4", kind: "event", payload: null }] });
      equal(
        (await it.store.outbox({ after: last, limit: 10 })).map(({ id }) => id),
        ["4"],
        "a reader behind the removed rows",
      );
    },
  ],
  [
    "a store that was closed refuses with STORE_UNAVAILABLE",
    async (it) => {
      await it.store.close();
      equal(await codeOf(() => it.commit({ create: [task("a")] })), "STORE_UNAVAILABLE", "commit");
      equal(await codeOf(() => it.store.nextDue()), "STORE_UNAVAILABLE", "read");
      await it.store.close();
    },
  ],
];
