import { expect, test } from "vitest";
import { createMemoryBlobStore } from "../inprocess/index.ts";
import { ManualClock } from "../testing/index.ts";
import { BLOB_GRACE_MS, PAYLOADS, sweepBlobs } from "./index.ts";

const T0 = 1_750_000_000_000;
const nameOf = (index: number): string => index.toString(16).padStart(64, "0");
const bytes = new Uint8Array([1]);

const world = () => {
  const clock = new ManualClock({ now: T0 });
  const referred = new Set<string>();
  const blobs = createMemoryBlobStore({ clock });
  const tasks = {
    referredBlobs: async (_: string, names: readonly string[]) => new Set(names.filter((name) => referred.has(name))),
  };
  const scope = { tenantId: "acme", namespace: PAYLOADS };
  return { clock, referred, blobs, tasks, scope };
};

test("what nothing refers to goes when the grace period is over, not before; what is referred to stays", async () => {
  const { clock, referred, blobs, tasks, scope } = world();
  await blobs.put(scope, nameOf(1), bytes);
  await blobs.put(scope, nameOf(2), bytes);
  referred.add(nameOf(1));
  const sweep = () => sweepBlobs({ tasks, blobs, tenantId: "acme", now: clock.now() });
  await clock.advance(BLOB_GRACE_MS);
  expect(await sweep()).toEqual({ looked: 0, removed: 0 });
  await clock.advance(1);
  expect(await sweep()).toEqual({ looked: 2, removed: 1 });
  expect((await blobs.list(scope)).map(({ name }) => name)).toEqual([nameOf(1)]);
});

test("a dry run counts and deletes nothing", async () => {
  const { blobs, tasks, scope } = world();
  await blobs.put(scope, nameOf(1), bytes);
  const options = { tasks, blobs, tenantId: "acme", now: T0 + 2 * BLOB_GRACE_MS };
  expect(await sweepBlobs({ ...options, dryRun: true })).toEqual({ looked: 1, removed: 1 });
  expect(await sweepBlobs(options)).toEqual({ looked: 1, removed: 1 });
});

test("neither another tenant's blobs nor those of another namespace are touched (I7)", async () => {
  const { blobs, tasks, scope } = world();
  const others = [
    { ...scope, tenantId: "globex" },
    { ...scope, namespace: "code" },
  ];
  for (const other of others) await blobs.put(other, nameOf(1), bytes);
  expect(await sweepBlobs({ tasks, blobs, tenantId: "acme", now: T0 * 2 })).toEqual({ looked: 0, removed: 0 });
  for (const other of others) expect(await blobs.list(other)).toHaveLength(1);
});

test("a blob that is put again while it is swept stays, at whichever moment the put comes", async () => {
  for (const moment of ["list", "referredBlobs", "delete"] as const) {
    const { clock, blobs, tasks, scope } = world();
    await blobs.put(scope, nameOf(1), bytes);
    await clock.advance(2 * BLOB_GRACE_MS);
    const put = () => blobs.put(scope, nameOf(1), bytes);
    const swept = await sweepBlobs({
      tenantId: "acme",
      now: clock.now(),
      tasks: {
        referredBlobs: async (...given) => {
          const names = await tasks.referredBlobs(...given);
          if (moment === "referredBlobs") await put();
          return names;
        },
      },
      blobs: {
        list: async (...given) => {
          const found = await blobs.list(...given);
          if (moment === "list") await put();
          return found;
        },
        delete: async (...given) => {
          if (moment === "delete") await put();
          return blobs.delete(...given);
        },
      },
    });
    expect([moment, swept]).toEqual([moment, { looked: 1, removed: 0 }]);
    expect(await blobs.get(scope, nameOf(1))).not.toBeNull();
  }
});

test("more blobs than a page holds are all looked at, once", async () => {
  const { blobs, tasks, scope, referred } = world();
  for (let index = 0; index < 2500; index++) {
    await blobs.put(scope, nameOf(index), bytes);
    if (index % 5 === 0) referred.add(nameOf(index));
  }
  const now = T0 + 2 * BLOB_GRACE_MS;
  expect(await sweepBlobs({ tasks, blobs, tenantId: "acme", now })).toEqual({ looked: 2500, removed: 2000 });
  expect(await sweepBlobs({ tasks, blobs, tenantId: "acme", now })).toEqual({ looked: 500, removed: 0 });
});

test("a sweep that is called off ends between pages", async () => {
  const { blobs, tasks } = world();
  const controller = new AbortController();
  controller.abort(new Error("enough"));
  const sweep = sweepBlobs({ tasks, blobs, tenantId: "acme", now: T0, signal: controller.signal });
  await expect(sweep).rejects.toThrow("enough");
});
