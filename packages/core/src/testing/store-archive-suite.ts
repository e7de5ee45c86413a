/**
 * What every archive and restore must do: whatever a store holds comes back from any other store's rows as it was. All are held against
 * the store in memory, and so against each other. Runner-independent, like taskStoreSuite.
 */
import type { NewTaskEvent, TaskState } from "@agentcore/contract";
import { createMemoryKeyValue, createMemoryTaskStore } from "../inprocess/index.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import type { KeyValue } from "../ports/key-value.ts";
import {
  type RestoreStore,
  type StoreArchive,
  type StorePages,
  type StoreRow,
  sizeOfRow,
} from "../ports/store-archive.ts";
import type { NewTask, StoredEvent, TaskStore } from "../ports/task-store.ts";
import { codeOf, ensure, equal, present } from "./assertions.ts";
import { reservation, settlement, usageOf } from "./ledger-cases.ts";
import { ManualClock } from "./manual-clock.ts";
import { append, mail, OTHER, step, submitted, T0, TENANT, task } from "./task-store-fixture.ts";

export interface ArchivedStores {
  readonly tasks: TaskStore<StoredEvent>;
  readonly keyValue: KeyValue;
  /** Null where this store has none of its own. */
  readonly blobs: BlobStore | null;
  readonly archive: StoreArchive;
  close(): Promise<void>;
}

/** A place for one store, empty at first. */
export interface StorePlace {
  readonly restore: RestoreStore;
  /** Opens what is there. One at a time. */
  open(): Promise<ArchivedStores>;
  dispose(): Promise<void>;
}

export interface StoreArchiveSuiteOptions {
  readonly name: string;
  readonly place: (options: { readonly clock: ManualClock }) => Promise<StorePlace>;
  readonly test: (name: string, run: () => Promise<void>) => void;
}

type Filled = Pick<ArchivedStores, "tasks" | "keyValue">;

const ODD = "a\u0000b\\c'é\n😀";

/** The same content for the same seed, in every store: all kinds of rows, in all states. */
const fill = async ({ tasks, keyValue }: Filled, seed: number): Promise<void> => {
  let state = seed * 2_654_435_761 + 1;
  const random = (below: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    return state % below;
  };
  for (let index = 0; index < 24; index += 1) {
    const tenantId = random(3) === 0 ? OTHER : TENANT;
    const taskId = random(8) === 0 ? `${ODD}${index}` : `t${index}`;
    const ends = (["completed", "failed", "canceled"] as const)[random(4)];
    const at = T0 + random(1000);
    const events: NewTaskEvent[] = [submitted(at), step({ text: ODD, n: 1.5e300 })];
    const change: Partial<NewTask> = {
      ...{ caller: random(5) === 0 ? ODD : "ann", createdAt: at, exclusive: random(4) === 0, dueAt: at + random(50) },
      ...(random(2) === 0 ? { idempotencyKey: `key${index}${random(3) === 0 ? ODD : ""}` } : {}),
      ...(random(4) === 0 ? { parent: { taskId: `t${random(24)}`, path: "command:x#1" } } : {}),
      ...(random(4) === 0 ? { deadline: at + 9999 } : {}),
    };
    const claimed: { readonly state: TaskState } | undefined = random(3) === 0 ? undefined : { state: "working" };
    await tasks.commit([
      { tenantId, create: [task(taskId, { ...change, events, ...(claimed === undefined ? {} : { claimed }) })] },
    ]);
    if (claimed === undefined) continue;
    await tasks.commit([{ tenantId, mail: [mail(taskId, "m1", { payload: { said: ODD } }), mail(taskId, "m2")] }]);
    const more: NewTaskEvent[] = [{ type: "checkpoint.created", at: at + 1, data: { state: index } }, step(index)];
    await tasks.commit([
      { tenantId, taskId, append: append({ seq: 2, token: 1 }, { events: more, checkpointSeq: 3, consume: ["m1"] }) },
    ]);
    if (random(2) === 0) await tasks.compact(foldOf(tenantId, taskId, 2));
    if (ends !== undefined) {
      const last: NewTaskEvent =
        ends === "failed"
          ? { type: "task.failed", at: at + 5, data: { error: { code: "AGENT_FAILED", message: ODD } } }
          : ends === "completed"
            ? { type: "task.completed", at: at + 5, data: { output: ODD } }
            : { type: "task.canceled", at: at + 5, data: {} };
      await tasks.commit([{ tenantId, taskId, append: append({ seq: 4, token: 1 }, { events: [last], state: ends }) }]);
      if (random(3) === 0) await tasks.compact(foldOf(tenantId, taskId, 4));
      if (random(5) === 0) await tasks.remove({ tenantId, taskIds: [taskId] });
    }
    await tasks.commit([{ tenantId, outbox: [{ id: `out${index}`, kind: "event", payload: { index, ODD } }] }]);
    const scope = { tenantId, namespace: random(2) === 0 ? "n" : ODD };
    await keyValue.put(scope, `k${random(6)}`, { index, ODD }, random(3) === 0 ? { ttlMs: 10_000 + index } : {});
    if (random(4) === 0) await keyValue.delete(scope, `k${random(6)}`);
    const [account, key] = [random(3) === 0 ? ODD : "day", random(4) === 0 ? ODD : `call${index}`];
    const amounts = {
      [account]: [1 + random(9), 40] as const,
      [`own${index}`]: [random(5), 5, T0 + random(9)] as const,
    };
    const usage = usageOf({ caller: random(3) === 0 ? ODD : "ann", costNanoUsd: Number.MAX_SAFE_INTEGER - 1 });
    await tasks.commit([{ tenantId, reserve: reservation(key, amounts, { expiresAt: T0 + index, usage }) }]);
    if (random(2) === 0) await tasks.commit([{ tenantId, settle: [settlement(key, { [account]: random(4) })] }]);
  }
};

const foldOf = (tenantId: string, taskId: string, floor: number) => ({
  ...{ tenantId, taskId, floor },
  event: {
    ...{ type: "log.compacted" as const, at: T0 },
    data: {
      submitted: {
        at: T0,
        data: { agent: "scorer", revision: "1", contextId: "context", caller: "ann", priority: "normal" as const },
      },
      state: "working" as const,
      task: { id: "t", status: { state: "TASK_STATE_WORKING" as const } },
    },
  },
});

/** They have no order of their own. */
const UNORDERED: ReadonlySet<StoreRow["kind"]> = new Set([
  ...(["value", "idempotencyKey", "account", "reservation", "usage"] as const),
]);

/** Versions count differently from store to store until they are restored. */
const plain = (rows: readonly StoreRow[], withVersions: boolean): readonly string[] => {
  const text = (row: StoreRow): string => {
    const shown = { ...row, ...(row.kind === "value" && !withVersions ? { version: 0 } : {}) };
    return JSON.stringify(Object.fromEntries(Object.entries(shown).sort(([left], [right]) => (left < right ? -1 : 1))));
  };
  const ordered = rows.filter(({ kind }) => !UNORDERED.has(kind)).map(text);
  return [
    ...ordered,
    ...rows
      .filter(({ kind }) => UNORDERED.has(kind))
      .map(text)
      .sort(),
  ];
};

const raised = (rows: readonly StoreRow[]): readonly StoreRow[] =>
  rows.map((row) => (row.kind === "task" ? { ...row, token: row.token + 1 } : row));

const rowsOf = async (archive: StoreArchive): Promise<readonly StoreRow[]> => {
  const rows: StoreRow[] = [];
  for await (const page of archive.pages()) rows.push(...page);
  return rows;
};

async function* paged(
  rows: readonly StoreRow[],
  { failAt = Number.POSITIVE_INFINITY, size = 7 }: { readonly failAt?: number; readonly size?: number } = {},
): StorePages {
  for (let at = 0; at < rows.length; at += size) {
    if (at >= failAt) throw new Error("the file was cut");
    yield rows.slice(at, at + size);
  }
}

const memory = async (clock: ManualClock, seed: number): Promise<readonly StoreRow[]> => {
  const stores = { tasks: createMemoryTaskStore({ clock }), keyValue: createMemoryKeyValue({ clock }) };
  await fill(stores, seed);
  return [...stores.tasks.rows(), ...stores.keyValue.rows()];
};

/** What every read of the ports answers. */
const reads = async ({ tasks, keyValue }: Filled, rows: readonly StoreRow[]): Promise<unknown> => {
  const answers: unknown[] = [await tasks.nextDue(), await tasks.backlog().then(byTenant), await tasks.leases()];
  for (const tenantId of [TENANT, OTHER]) {
    const { heads, total } = await tasks.list({ tenantId, limit: 100 });
    answers.push(total, heads);
    for (const head of heads)
      answers.push(await tasks.readLog(head), (await tasks.mailbox(head)).items.map(withoutPosition));
    const tail = await tasks.tail({ tenantId, after: null, limit: 1000 });
    answers.push(tail.map(({ taskId, event }) => [taskId, event]));
    for (const namespace of ["n", ODD]) answers.push(await keyValue.list({ tenantId, namespace }));
    const accounts = ["day", ODD, ...Array.from({ length: 24 }, (_, index) => `own${index}`)];
    answers.push(await tasks.balances(tenantId, accounts), await tasks.reservations(tenantId));
    answers.push(await tasks.removeSpent({ tenantId, before: T0 + 5, limit: 100, dryRun: true }));
    answers.push((await tasks.usage({ tenantId, from: 0, to: T0 })).map((row) => JSON.stringify(row)).sort());
    for (const kind of ["removable", "foldable"] as const)
      answers.push(await tasks.retention({ tenantId, kind, before: T0 + 1e6, limit: 100 }));
  }
  for (const row of rows)
    if (row.kind === "idempotencyKey")
      answers.push(await tasks.findByIdempotencyKey({ ...row, idempotencyKey: row.key }));
  answers.push((await tasks.takeOutbox(100)).rows.map(withoutPosition));
  return answers;
};

/** Positions are each store's own. */
const withoutPosition = <Row extends { readonly position: number }>(row: Row): Omit<Row, "position"> => {
  const { position: _, ...rest } = row;
  return rest;
};

const byTenant = (counts: ReadonlyMap<string, number>): unknown =>
  [TENANT, OTHER].map((tenantId) => counts.get(tenantId) ?? 0);

type Case = readonly [name: string, run: (place: StorePlace, clock: ManualClock) => Promise<void>];

const CASES: readonly Case[] = [
  ...[1, 2, 3].map(
    (seed): Case => [
      `content ${seed} of another store is restored, answers every read as there, and is archived as it was`,
      async (place, clock) => {
        const rows = await memory(clock, seed);
        await place.restore(paged(rows));
        const stores = await place.open();
        equal(plain(await rowsOf(stores.archive), true), plain(raised(rows), true), "rows");
        const there = {
          tasks: createMemoryTaskStore({ clock, rows }),
          keyValue: createMemoryKeyValue({ clock, rows }),
        };
        equal(await reads(stores, rows), await reads(there, rows), "reads");
        await stores.close();
      },
    ],
  ),
  [
    "content written here is archived as every other store does it",
    async (place, clock) => {
      const stores = await place.open();
      await fill(stores, 4);
      equal(plain(await rowsOf(stores.archive), false), plain(await memory(clock, 4), false), "rows");
      await stores.close();
    },
  ],
  [
    "pages are bounded by what their rows carry, of every kind, and a large row is a page",
    async (place, clock) => {
      const stores = await place.open();
      const [large, larger] = ["x".repeat(400_000), "y".repeat(2_500_000)];
      for (const [index, text] of [large, large, large, larger, large, "", ""].entries()) {
        const taskId = `t${index}`;
        await stores.tasks.commit([
          {
            tenantId: TENANT,
            create: [task(taskId, { events: [submitted(T0), step(text)] })],
            mail: [mail(taskId, "m", { payload: text })],
            outbox: [{ id: taskId, kind: "event", payload: text }],
          },
        ]);
        await stores.keyValue.put({ tenantId: TENANT, namespace: "n" }, taskId, text);
      }
      const rows: StoreRow[] = [];
      for await (const page of stores.archive.pages()) {
        const size = page.reduce((sum, row) => sum + sizeOfRow(row), 0);
        ensure(page.length === 1 || size <= 1_100_000, `a page of ${page.length} rows has ${size} characters`);
        rows.push(...page);
      }
      const sizes = (kind: StoreRow["kind"]) =>
        rows.filter((row) => row.kind === kind && sizeOfRow(row) > 400_000).map((row) => sizeOfRow(row) > 2_500_000);
      const inOrder = [false, false, false, true, false];
      equal([sizes("mail"), sizes("outgoing"), sizes("event")], [inOrder, inOrder, inOrder], "in their order");
      equal(sizes("value").filter(Boolean).length, 1, "values");
      await stores.close();
      equal(clock.now(), T0, "no time has passed");
    },
  ],
  [
    "after a restore leases are void, old tokens are fenced, and what was due runs again",
    async (place, clock) => {
      const source = createMemoryTaskStore({ clock });
      await source.commit([{ tenantId: TENANT, create: [task("a", { claimed: { state: "working" } })] }]);
      await place.restore(paged(source.rows()));
      const stores = await place.open();
      const write = (token: number) =>
        stores.tasks.commit([{ tenantId: TENANT, taskId: "a", append: append({ seq: 1, token }) }]);
      equal(await write(1), [{ outcome: "fenced" }], "the old holder");
      const [claimed] = await stores.tasks.claim({ limit: 1, now: clock.now() });
      ensure(present(claimed, "claimed").head.token > 2, "the token is higher");
      equal(await write(claimed?.head.token ?? 0), [{ outcome: "committed" }], "the new holder");
      await stores.close();
    },
  ],
  [
    "after a restore versions, positions and the order of events go on from where they were",
    async (place, clock) => {
      const rows = await memory(clock, 5);
      await place.restore(paged(rows));
      const stores = await place.open();
      const highest = Math.max(...rows.map((row) => (row.kind === "value" ? row.version : 0)));
      const version = await stores.keyValue.put({ tenantId: TENANT, namespace: "n" }, "new", 1);
      ensure(present(version, "version") > highest, "a new version is higher than any before");
      const cursor = (await stores.tasks.tail({ after: null, limit: 1000 })).at(-1)?.cursor ?? null;
      await stores.tasks.commit([{ tenantId: TENANT, create: [task("new")] }]);
      const tail = await stores.tasks.tail({ after: cursor, limit: 9 });
      equal(
        tail.map(({ taskId }) => taskId),
        ["new"],
        "tail",
      );
      await stores.close();
    },
  ],
  [
    "what was held when the backup was taken is held after a restore, and settled or spent when its time is over",
    async (place, clock) => {
      const source = createMemoryTaskStore({ clock });
      await source.commit([
        { tenantId: TENANT, reserve: reservation("k", { a: [4, 9] }) },
        { tenantId: TENANT, reserve: reservation("l", { a: [5, 9] }) },
      ]);
      await place.restore(paged(source.rows()));
      const { tasks, close } = await place.open();
      const more = { tenantId: TENANT, reserve: reservation("m", { a: [3, 9] }) };
      const refused = { outcome: "stale", reason: "limit", account: "a" };
      equal(await tasks.commit([more]), [refused], "held");
      equal(
        await tasks.commit([{ tenantId: TENANT, settle: [settlement("k", { a: 1 })] }, more]),
        [{ outcome: "committed" }, { outcome: "committed" }],
        "settled",
      );
      equal(await tasks.expireReservations(T0 + 1000, 10), 2, "expired");
      equal(await tasks.balances(TENANT, ["a"]), [{ account: "a", spent: 9, reserved: 0 }], "spent");
      await close();
    },
  ],
  [
    "of 100,000 sums of usage all are given, oldest first; of more none",
    async (place) => {
      const hour = (index: number): number => index * 3_600_000;
      const rows = Array.from({ length: 100_001 }, (_, index): StoreRow => {
        const usage = usageOf({ hour: hour(index % 1000), caller: String(index), calls: index });
        return { kind: "usage", tenantId: TENANT, ...usage };
      });
      await place.restore(paged(rows, { size: 5000 }));
      const { tasks, close } = await place.open();
      const find = (to: number) => tasks.usage({ tenantId: TENANT, from: 0, to });
      equal(await codeOf(() => find(hour(1000))), "TOO_LARGE", "more");
      const found = await find(hour(999));
      equal(found.length, 99_901, "as many as there are");
      const isSorted = found.every((row, index) => index === 0 || (found[index - 1]?.hour ?? 0) <= row.hour);
      ensure(isSorted && new Set(found.map(({ caller }) => caller)).size === found.length, "each once, oldest first");
      equal((await tasks.usage({ tenantId: TENANT, from: hour(3), to: hour(4) })).length, 100, "one hour");
      await close();
    },
  ],
  [
    "a restore that breaks off leaves nothing, and can be done again",
    async (place, clock) => {
      const rows = await memory(clock, 6);
      equal(
        (await codeOf(() => place.restore(paged(rows, { failAt: rows.length - 7 })))) === undefined,
        false,
        "it fails",
      );
      const before = await place.open();
      equal(await rowsOf(before.archive), [], "nothing");
      await before.close();
    },
  ],
  [
    "a store that holds something is not restored into",
    async (place, clock) => {
      const stores = await place.open();
      await stores.keyValue.put({ tenantId: TENANT, namespace: "n" }, "k", 1);
      await stores.close();
      const rows = await memory(clock, 1);
      equal(await codeOf(() => place.restore(paged(rows))), "CONFIG_INVALID", "code");
      const after = await place.open();
      equal((await rowsOf(after.archive)).length, 1, "as it was");
      await after.close();
    },
  ],
  [
    "an archive is of one moment, while others write, and may be broken off",
    async (place, clock) => {
      const stores = await place.open();
      for (let index = 0; index < 3; index += 1) await fill(stores, 7);
      const rows: StoreRow[] = [];
      for await (const page of stores.archive.pages()) {
        rows.push(...page);
        await stores.tasks.commit([{ tenantId: TENANT, create: [task(`late${rows.length}`)] }]);
      }
      const known = new Set(rows.flatMap((row) => (row.kind === "task" ? [row.taskId] : [])));
      ensure(
        rows.every((row) => row.kind !== "event" || known.has(row.taskId)),
        "every event's task is there",
      );
      for await (const page of stores.archive.pages()) if (page.length > 0) break;
      const abort = new AbortController();
      abort.abort(new Error("enough"));
      equal(
        (await codeOf(async () => {
          for await (const page of stores.archive.pages({ signal: abort.signal })) void page;
        })) === "nothing was thrown",
        false,
        "aborted",
      );
      await stores.tasks.commit([{ tenantId: TENANT, create: [task("after")] }]);
      equal(clock.now(), T0, "no time has passed");
      await stores.close();
    },
  ],
];

export const storeArchiveSuite = ({ name, place, test }: StoreArchiveSuiteOptions): void => {
  for (const [sentence, run] of CASES) {
    test(`${name}: ${sentence}`, async () => {
      const clock = new ManualClock({ now: T0 });
      const made = await place({ clock });
      try {
        await run(made, clock);
      } finally {
        await made.dispose();
      }
    });
  }
};
