/** Folding logs and removing tasks: what goes, what must stay, and who is found for it. */
import type { RetentionQuery } from "../ports/task-retention.ts";
import type { NewTask, TaskHead } from "../ports/task-store.ts";
import { equal, present } from "./assertions.ts";
import {
  append,
  COMMITTED,
  checkpoint,
  completed,
  folded,
  mail,
  OTHER,
  step,
  submitted,
  T0,
  type TaskStoreCase,
  type TaskStoreFixture,
  TENANT,
  task,
} from "./task-store-fixture.ts";

/** An ended task of `count` events at least 2, the end at `at`. */
const ended = async (
  it: TaskStoreFixture,
  taskId: string,
  { count = 2, at = T0 + 2, tenantId = TENANT, ...change }: Partial<NewTask> & EndedOptions = {},
): Promise<void> => {
  const steps = Array.from({ length: count - 2 }, (_, index) => step(index));
  const events = [submitted(), ...steps, { ...completed, at }];
  const created = task(taskId, { claimed: { state: "completed" }, ...change, events });
  equal(await it.store.commit([{ tenantId, create: [created] }]), [COMMITTED], "created");
};

interface EndedOptions {
  readonly count?: number;
  readonly at?: number;
  readonly tenantId?: string;
}

/** Runs; events 1 to 5, of which the fourth is a checkpoint. */
const checkpointed = async (it: TaskStoreFixture, taskId: string, change: Partial<NewTask> = {}): Promise<TaskHead> => {
  const head = await it.running(taskId, change);
  const events = [step(1), step(2), checkpoint, step(3)];
  await it.mustCommit({ taskId, append: append(head, { events, checkpointSeq: 4 }) });
  return it.head(taskId);
};

const found = async (it: TaskStoreFixture, query: Partial<RetentionQuery>): Promise<readonly string[]> => {
  const rows = await it.store.retention({ tenantId: TENANT, kind: "removable", before: T0 + 100, limit: 10, ...query });
  return rows.map(({ head }) => head.taskId);
};

const tailOf = async (it: TaskStoreFixture, after: string | null = null): Promise<readonly string[]> =>
  (await it.store.tail({ after, limit: 100 })).map(({ taskId, event }) => `${taskId}${event.seq}${event.type}`);

export const retentionCases: readonly TaskStoreCase[] = [
  [
    "events up to a floor become one with its number, those above stay, for readers from anywhere (I6)",
    async (it) => {
      await ended(it, "a", { count: 6 });
      equal(await it.store.compact(folded("a", 3)), "compacted", "outcome");
      const head = await it.head("a");
      equal([head.seq, head.floor, head.state], [6, 3, "completed"], "head");
      const log = await it.store.readLog({ tenantId: TENANT, taskId: "a" });
      equal([log[0]?.type, log[0]?.data], ["log.compacted", folded("a", 3).event.data], "first");
      const read = async (options: { after?: number; limit?: number }) =>
        (await it.store.readLog({ tenantId: TENANT, taskId: "a" }, options)).map(({ seq }) => seq);
      equal(
        [await read({}), await read({ after: 2 }), await read({ after: 3 }), await read({ after: 1, limit: 2 })],
        [
          [3, 4, 5, 6],
          [3, 4, 5, 6],
          [4, 5, 6],
          [3, 4],
        ],
        "pages",
      );
      equal([await read({ after: 6 }), await read({ limit: 1 })], [[], [3]], "ends");
    },
  ],
  [
    "folding goes on from an earlier floor, repeated or going back it changes nothing",
    async (it) => {
      await ended(it, "a", { count: 6 });
      await it.store.compact(folded("a", 2));
      equal(await it.store.compact(folded("a", 5)), "compacted", "on");
      for (const floor of [5, 2, 1]) equal(await it.store.compact(folded("a", floor)), "unchanged", `again ${floor}`);
      equal([await it.seqs("a"), (await it.head("a")).floor], [[5, 6], 5], "log");
    },
  ],
  [
    "the last event of a log is never folded, nor what a replay reads: from the last checkpoint on",
    async (it) => {
      await ended(it, "a", { count: 4 });
      const refused = async (taskId: string, ...floors: readonly number[]) => {
        for (const floor of floors)
          equal(await it.store.compact(folded(taskId, floor)), "refused", `${taskId}${floor}`);
      };
      await refused("a", 4, 5, 0, -1);
      await it.running("b");
      await refused("b", 1);
      await checkpointed(it, "c");
      await refused("c", 4, 5);
      equal([await it.seqs("a"), await it.seqs("b"), await it.seqs("c")], [[1, 2, 3, 4], [1], [1, 2, 3, 4, 5]], "logs");
      equal(await it.store.compact(folded("nobody", 1)), "missing", "missing");
    },
  ],
  [
    "a task that runs is folded below its checkpoint and goes on writing under its lease (I1)",
    async (it) => {
      const head = await checkpointed(it, "a");
      equal(await it.store.compact(folded("a", 3)), "compacted", "outcome");
      await it.mustCommit({ taskId: "a", append: append(head, { events: [step(4)] }) });
      equal([await it.seqs("a"), (await it.head("a")).floor], [[3, 4, 5, 6], 3], "log");
      await it.commit({ taskId: "a", append: append(head, { events: [step(5)] }), create: [task("a")] });
      equal(await it.seqs("a"), [3, 4, 5, 6], "after a refused unit");
      const now = await it.head("a");
      await it.mustCommit({ taskId: "a", append: append(now, { events: [completed], state: "completed" }) });
      equal(await it.store.compact(folded("a", 6)), "compacted", "ended");
      await it.reopen();
      equal(await it.seqs("a"), [6, 7], "of a new process");
    },
  ],
  [
    "in the tail a folded log has the place of the last event folded in, and cursors stay good",
    async (it) => {
      await ended(it, "a", { count: 3 });
      const between = (await it.store.tail({ after: null, limit: 2 })).at(-1)?.cursor ?? null;
      await ended(it, "b");
      await it.store.compact(folded("a", 2));
      const rest = ["a3task.completed", "b1task.submitted", "b2task.completed"];
      equal(await tailOf(it), ["a2log.compacted", ...rest], "from the beginning");
      equal(await tailOf(it, between), rest, "from behind it");
    },
  ],
  [
    "a removed task leaves nothing behind: no head, log, mail, key or place in a list, and its id is free",
    async (it) => {
      await ended(it, "a", { count: 4, idempotencyKey: "k" });
      await ended(it, "b", { idempotencyKey: "l" });
      const gone = await it.store.remove({ tenantId: TENANT, taskIds: ["a", "a", "nobody"] });
      equal([gone.taskIds, gone.events, gone.bytes > 0], [["a"], 4, true], "removed");
      const key = { tenantId: TENANT, taskId: "a" };
      equal(
        [await it.store.head(key), await it.store.readLog(key), await it.store.mailbox(key)],
        [null, [], { items: [], more: false }],
        "rows",
      );
      equal((await it.store.list({ tenantId: TENANT, limit: 9 })).total, 1, "list");
      const idOf = (idempotencyKey: string) =>
        it.store.findByIdempotencyKey({ tenantId: TENANT, caller: "ann", idempotencyKey });
      equal([await idOf("k"), await idOf("l")], [null, "b"], "keys");
      equal((await it.store.remove({ tenantId: TENANT, taskIds: ["a"] })).taskIds, [], "again");
      equal(await it.commit({ mail: [mail("a", "m")] }), { outcome: "stale", reason: "missing" }, "mail");
      await it.create(task("a", { idempotencyKey: "k" }));
      equal(
        [await it.seqs("a"), await idOf("k"), await tailOf(it)],
        [[1], "a", ["b1task.submitted", "b2task.completed", "a1task.submitted"]],
        "a new one",
      );
    },
  ],
  [
    "what runs, and what has a parent that runs, is not removed; a parent that ended or went does not matter",
    async (it) => {
      await it.running("open");
      await ended(it, "done", {});
      for (const parent of ["open", "done", "gone"])
        await ended(it, `child-of-${parent}`, { parent: { taskId: parent, path: "p" } });
      await it.create(task("waiting"));
      const all = ["open", "waiting", "child-of-open", "child-of-done", "child-of-gone"];
      equal(await found(it, {}), ["child-of-done", "child-of-gone", "done"], "found");
      const gone = await it.store.remove({ tenantId: TENANT, taskIds: all });
      equal([...gone.taskIds].sort(), ["child-of-done", "child-of-gone"], "removed");
      equal(
        [await it.seqs("open"), await it.seqs("waiting"), await it.seqs("child-of-open")],
        [[1], [1], [1, 2]],
        "kept",
      );
    },
  ],
  [
    "a dry run tells what would go and changes nothing",
    async (it) => {
      await ended(it, "a", { count: 5 });
      const removal = { tenantId: TENANT, taskIds: ["a", "nobody"] };
      const told = await it.store.remove({ ...removal, dryRun: true });
      equal([told.taskIds, told.events, await it.seqs("a")], [["a"], 5, [1, 2, 3, 4, 5]], "told");
      equal(await it.store.remove(removal), told, "done");
    },
  ],
  [
    "a reader of the tail misses nothing that is written after the newest task was removed (I6)",
    async (it) => {
      await ended(it, "a", { count: 5 });
      const cursor = present((await it.store.tail({ after: null, limit: 9 })).at(-1), "last").cursor;
      for (const taskId of ["b", "c"]) {
        await it.store.remove({ tenantId: TENANT, taskIds: ["a", "b"] });
        equal(await tailOf(it), [], "all gone");
        await ended(it, taskId);
        equal(await tailOf(it, cursor), [`${taskId}1task.submitted`, `${taskId}2task.completed`], taskId);
      }
    },
  ],
  [
    "candidates for removal come oldest end first, page by page, and none too young",
    async (it) => {
      await ended(it, "young", { at: T0 + 50 });
      for (const [taskId, at] of [
        ["c", 3],
        ["a", 3],
        ["b", 2],
        ["d", 4],
      ] as const)
        await ended(it, taskId, { at: T0 + at });
      equal(await found(it, { before: T0 + 50 }), ["b", "a", "c", "d"], "all");
      const seen: string[] = [];
      let after: RetentionQuery["after"];
      for (let page = 0; page < 3; page += 1) {
        const rows = await it.store.retention({
          tenantId: TENANT,
          kind: "removable",
          before: T0 + 50,
          limit: 2,
          after,
        });
        seen.push(...rows.map(({ head }) => head.taskId));
        const last = rows.at(-1);
        if (last !== undefined) after = { at: last.at, taskId: last.head.taskId };
      }
      equal(seen, ["b", "a", "c", "d"], "pages");
    },
  ],
  [
    "candidates for folding are ended tasks that are not folded yet, and open ones with events before a checkpoint",
    async (it) => {
      await ended(it, "ended", { count: 4, createdAt: T0 + 1 });
      await ended(it, "young", { count: 4, at: T0 + 200 });
      await it.running("running");
      await checkpointed(it, "looping", { createdAt: T0 + 2 });
      const foldable = () => found(it, { kind: "foldable" });
      equal(await foldable(), ["ended", "looping"], "found");
      await it.store.compact(folded("ended", 2));
      equal(await foldable(), ["ended", "looping"], "folded in part");
      await it.store.compact(folded("ended", 3));
      await it.store.compact(folded("looping", 3));
      equal(await foldable(), [], "folded");
      const head = await it.head("looping");
      await it.mustCommit({ taskId: "looping", append: append(head, { events: [completed], state: "completed" }) });
      equal(await foldable(), ["looping"], "ended since");
      await it.store.compact(folded("looping", 5));
      equal(await foldable(), [], "folded again");
    },
  ],
  [
    "nobody folds, finds or removes another tenant's task of the same id, nor its keys (I7)",
    async (it) => {
      for (const tenantId of [TENANT, OTHER])
        await ended(it, "a", { count: 4, idempotencyKey: "k", caller: "same", tenantId });
      const [mine, theirs] = [TENANT, OTHER].map((tenantId) => ({ tenantId, taskId: "a" }));
      const counts = async () =>
        Promise.all([mine, theirs].map(async (key) => (await it.store.readLog(present(key, "key"))).length));
      equal(await it.store.compact({ ...folded("a", 2), tenantId: "third" }), "missing", "third tenant");
      equal(await it.store.compact(folded("a", 3)), "compacted", "own");
      equal(await counts(), [2, 4], "after folding");
      equal((await it.store.remove({ tenantId: "third", taskIds: ["a"] })).taskIds, [], "third tenant");
      for (const kind of ["removable", "foldable"] as const)
        equal(await found(it, { tenantId: "third", kind }), [], `${kind} of a third tenant`);
      equal(
        [await found(it, { kind: "foldable" }), await found(it, { kind: "foldable", tenantId: OTHER })],
        [[], ["a"]],
        "foldable",
      );
      // A parent that runs elsewhere holds nobody here.
      await it.store.commit([{ tenantId: OTHER, create: [task("p", { claimed: { state: "working" } })] }]);
      await ended(it, "child", { parent: { taskId: "p", path: "x" } });
      equal((await it.store.remove({ tenantId: TENANT, taskIds: ["a", "child"] })).taskIds.length, 2, "removed");
      equal(await counts(), [0, 4], "after removing");
      const idOf = (tenantId: string) =>
        it.store.findByIdempotencyKey({ tenantId, caller: "same", idempotencyKey: "k" });
      equal([await idOf(TENANT), await idOf(OTHER)], [null, "a"], "keys");
    },
  ],
];
