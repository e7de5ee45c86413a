/** Which blobs the payloads of tasks refer to: recorded with the unit, kept as long as the task. */
import { equal } from "./assertions.ts";
import { append, COMMITTED, completed, OTHER, type TaskStoreCase, TENANT, task } from "./task-store-fixture.ts";

const [A, B, C] = ["a", "b", "c"].map((digit) => digit.repeat(64)) as [string, string, string];
const ALL = [A, B, C];

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
      equal(await referred(), ALL, "after the end");
      await it.reopen();
      equal(await referred(), ALL, "after a new start");
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
];
