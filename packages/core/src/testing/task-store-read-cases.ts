import { codeOf, ensure, equal, present } from "./assertions.ts";
import { append, step, submitted, T0, type TaskStoreCase, TENANT, task } from "./task-store-fixture.ts";

export const readCases: readonly TaskStoreCase[] = [
  [
    "what is not there reads as null or nothing",
    async (it) => {
      const key = { tenantId: TENANT, taskId: "nobody" };
      equal(
        [await it.store.head(key), await it.store.readLog(key), await it.store.mailbox(key)],
        [null, [], { items: [], more: false }],
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
    "outbox rows come in order, and again until they are acknowledged; a position never comes again",
    async (it) => {
      await it.mustCommit({ outbox: ["1", "2", "3"].map((id) => ({ id, kind: "event" as const, payload: { id } })) });
      const rows = await it.outbox();
      equal(
        rows.map(({ tenantId, id, kind, payload }) => ({ tenantId, id, kind, payload })),
        ["1", "2", "3"].map((id) => ({ tenantId: TENANT, id, kind: "event", payload: { id } })),
        "rows",
      );
      equal(await it.outbox(), rows, "what was not acknowledged");
      const last = rows.at(-1)?.position ?? 0;
      await it.store.acknowledgeOutbox([rows[1]?.position ?? 0, last]);
      await it.store.acknowledgeOutbox([last, 999_999]);
      await it.store.acknowledgeOutbox([]);
      await it.mustCommit({ outbox: [{ id: "4", kind: "event", payload: null }] });
      const left = await it.outbox();
      equal(
        left.map(({ id }) => id),
        ["1", "4"],
        "left",
      );
      ensure((left[1]?.position ?? 0) > last, "a later row has a later position");
    },
  ],
  [
    "the outbox gives as much as asked for and says whether there is more",
    async (it) => {
      equal(await it.store.takeOutbox(5), { rows: [], more: false }, "empty");
      await it.mustCommit({ outbox: ["1", "2", "3"].map((id) => ({ id, kind: "event" as const, payload: null })) });
      const take = async (limit: number) => {
        const { rows, more } = await it.store.takeOutbox(limit);
        return [rows.map(({ id }) => id).join(""), more];
      };
      equal(
        [await take(2), await take(3), await take(9)],
        [
          ["12", true],
          ["123", false],
          ["123", false],
        ],
        "takes",
      );
      await it.store.acknowledgeOutbox([(await it.outbox())[0]?.position ?? 0]);
      equal(await take(1), ["2", true], "after an acknowledgement");
    },
  ],
  [
    "what is behind a row that was taken comes without those before it, however many there are",
    async (it) => {
      const insert = (...ids: readonly string[]) =>
        it.mustCommit({ outbox: ids.map((id) => ({ id, kind: "event" as const, payload: null })) });
      await insert("1", "2", "3", "4");
      const [, two, three] = await it.outbox();
      const behind = async (limit: number, position = 0) => {
        const { rows, more } = await it.store.takeOutbox(limit, position);
        return [rows.map(({ id }) => id).join(""), more];
      };
      equal(
        [await behind(1, two?.position), await behind(2, two?.position), await behind(5, three?.position)],
        [
          ["3", true],
          ["34", false],
          ["4", false],
        ],
        "behind it",
      );
      await insert("5");
      await it.store.acknowledgeOutbox([three?.position ?? 0]);
      equal(await behind(5, two?.position), ["45", false], "what came since");
      equal(
        (await it.outbox()).map(({ id }) => id),
        ["1", "2", "4", "5"],
        "all",
      );
    },
  ],
  [
    "what a process had taken from the outbox when it died is given to the next one (I5)",
    async (it) => {
      await it.mustCommit({ outbox: ["1", "2"].map((id) => ({ id, kind: "event" as const, payload: null })) });
      const [first] = await it.outbox();
      await it.store.acknowledgeOutbox([first?.position ?? 0]);
      await it.reopen();
      equal(
        (await it.outbox()).map(({ id }) => id),
        ["2"],
        "rows",
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
