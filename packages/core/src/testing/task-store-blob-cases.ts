/** Which blobs the payloads of tasks refer to: recorded with the unit, kept until a fold or the removal of the task lets them go. */
import { equal } from "./assertions.ts";
import {
  append,
  COMMITTED,
  checkpoint,
  completed,
  folded,
  OTHER,
  step,
  submitted,
  type TaskStoreCase,
  TENANT,
  task,
} from "./task-store-fixture.ts";

const [A, B, C, D] = ["a", "b", "c", "d"].map((digit) => digit.repeat(64)) as [string, string, string, string];
const ALL = [A, B, C, D];

const refer = (taskId: string, ...names: readonly string[]) => names.map((name) => ({ taskId, name }));

export const blobCases: readonly TaskStoreCase[] = [
  [
    "blobs of an append and of a creation are referred to, also twice and after the end",
    async (it) => {
      const head = await it.running("a");
      const referred = async () => [...(await it.store.referredBlobs(TENANT, ALL))].sort();
      equal(await referred(), [], "none");
      equal([...(await it.store.referredBlobs(TENANT, []))], [], "of none");
      await it.mustCommit({ taskId: "a", append: append(head), blobs: [{ taskId: "a", name: A }] });
      await it.mustCommit({
        create: [task("b")],
        blobs: [
          { taskId: "b", name: A },
          { taskId: "b", name: B },
          { taskId: "b", name: B },
        ],
      });
      equal(await referred(), [A, B], "referred");
      await it.mustCommit({
        taskId: "a",
        append: append({ seq: 2, token: 1 }, { events: [completed], state: "completed" }),
        blobs: [{ taskId: "a", name: C }],
      });
      equal(await referred(), [A, B, C], "after the end");
      await it.reopen();
      equal(await referred(), [A, B, C], "after a new start");
    },
  ],
  [
    "a unit that is refused refers to nothing, its neighbour does",
    async (it) => {
      const head = await it.running("a");
      const outcomes = await it.store.commit([
        { tenantId: TENANT, taskId: "a", append: append({ seq: 9, token: 1 }), blobs: [{ taskId: "a", name: A }] },
        { tenantId: TENANT, create: [task("b")], blobs: [{ taskId: "b", name: B }] },
        { tenantId: TENANT, taskId: "a", append: append(head), create: [task("b")], blobs: [{ taskId: "a", name: C }] },
      ]);
      equal(
        outcomes.map(({ outcome }) => outcome),
        ["stale", "committed", "stale"],
        "outcomes",
      );
      equal([...(await it.store.referredBlobs(TENANT, ALL))], [B], "referred");
    },
  ],
  [
    "a blob that one tenant refers to is not another's (I7)",
    async (it) => {
      for (const [tenantId, name] of [
        [TENANT, A],
        [OTHER, B],
      ] as const) {
        const unit = { tenantId, create: [task("a")], blobs: [{ taskId: "a", name }] };
        equal(await it.store.commit([unit]), [COMMITTED], tenantId);
      }
      for (const [tenantId, names] of [
        [TENANT, [A]],
        [OTHER, [B]],
        ["third", []],
      ] as const)
        equal([...(await it.store.referredBlobs(tenantId, ALL))], names, tenantId);
    },
  ],
  [
    "a fold refers to its blobs in its transaction and lets go of those of the fold before; what is refused changes nothing",
    async (it) => {
      const referred = async () => [...(await it.store.referredBlobs(TENANT, ALL))].sort();
      const head = await it.running("a");
      const events = [step(1), step(2), step(3), checkpoint, step(4)];
      await it.mustCommit({
        ...{ taskId: "a", append: append(head, { events, checkpointSeq: 5 }), blobs: refer("a", A) },
      });
      const compact = (floor: number, added: readonly string[], dropped: readonly string[], last?: readonly string[]) =>
        it.store.compact({ ...folded("a", floor), blobs: { added, dropped, last } });
      equal(await compact(5, [B], [A]), "refused", "over the checkpoint");
      equal(await referred(), [A], "refused");
      equal(await compact(3, [B, B], []), "compacted", "first");
      equal(await compact(3, [C], [A]), "unchanged", "again");
      equal(await referred(), [A, B], "first");
      // It runs: whatever is said of the rest, more may be written that refers to it.
      equal(await compact(4, [C], [B], []), "compacted", "second");
      equal(await referred(), [A, C], "second");
      await it.reopen();
      equal(await referred(), [A, C], "after a new start");
    },
  ],
  [
    "an ended task that is folded whole refers to no blobs but those of its fold and its last event",
    async (it) => {
      const create = (taskId: string, tenantId = TENANT) =>
        it.store.commit([
          {
            ...{ tenantId, blobs: refer(taskId, A, B, C) },
            create: [
              task(taskId, { claimed: { state: "completed" }, events: [submitted(), step(1), step(2), completed] }),
            ],
          },
        ]);
      const referred = async (tenantId = TENANT) => [...(await it.store.referredBlobs(tenantId, ALL))].sort();
      const compact = (floor: number, last: readonly string[] | undefined) =>
        it.store.compact({ ...folded("a", floor), blobs: { added: [D], dropped: [], last } });
      await create("a");
      await create("a", OTHER);
      equal(await compact(2, [C]), "compacted", "in part");
      equal(await referred(), ALL, "in part");
      equal(await compact(3, [C]), "compacted", "whole");
      equal(
        [await referred(), await referred(OTHER)],
        [
          [C, D],
          [A, B, C],
        ],
        "whole (I7)",
      );
      await create("b");
      equal(await referred(), ALL, "what another task refers to");
      equal((await it.store.remove({ tenantId: TENANT, taskIds: ["b"] })).taskIds, ["b"], "removed");
      equal(await referred(), [C, D], "after that is gone");
      await create("c");
      const unknown = { ...folded("c", 3), blobs: { added: [], dropped: [], last: undefined } };
      equal([await it.store.compact(unknown), await referred()], ["compacted", ALL], "when the last is not known");
    },
  ],
];
