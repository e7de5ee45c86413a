/** What every KeyValue must do. Runner-independent, like taskStoreSuite. */
import type { KeyValue, KeyValueScope } from "../ports/key-value.ts";
import { codeOf, ensure, equal, present } from "./assertions.ts";
import { ManualClock } from "./manual-clock.ts";

export interface KeyValueSuiteOptions {
  readonly name: string;
  /** An empty store for one test, whose expiry goes by `clock`. */
  readonly open: (options: {
    readonly clock: ManualClock;
  }) => Promise<{ readonly store: KeyValue; close(): Promise<void> }>;
  readonly test: (name: string, run: () => Promise<void>) => void;
}

type Case = readonly [name: string, run: (store: KeyValue, clock: ManualClock) => Promise<void>];

const HERE: KeyValueScope = { tenantId: "acme", namespace: "manifests" };
const ELSEWHERE: readonly KeyValueScope[] = [
  { tenantId: "globex", namespace: "manifests" },
  { tenantId: "acme", namespace: "other" },
  { tenantId: "acme/manifests", namespace: "" },
];

const CASES: readonly Case[] = [
  [
    "a value comes back as it was put, with a version that grows with every write",
    async (store) => {
      equal(await store.get(HERE, "k"), null, "absent");
      const first = present(await store.put(HERE, "k", { deep: [1, null, "ü💡"] }), "version");
      ensure(first > 0, "0 never stands for a written value");
      equal(await store.get(HERE, "k"), { key: "k", value: { deep: [1, null, "ü💡"] }, version: first }, "entry");
      const second = present(await store.put(HERE, "k", null), "version");
      ensure(second > first, "versions grow");
      equal((await store.get(HERE, "k"))?.value, null, "null is a value");
    },
  ],
  [
    "expectedVersion 0 writes only what is absent",
    async (store) => {
      ensure((await store.put(HERE, "k", 1, { expectedVersion: 0 })) !== null, "absent");
      equal(await store.put(HERE, "k", 2, { expectedVersion: 0 }), null, "present");
      equal((await store.get(HERE, "k"))?.value, 1, "value");
    },
  ],
  [
    "expectedVersion N writes only what is unchanged; of many at once exactly one",
    async (store) => {
      const version = present(await store.put(HERE, "k", 0), "version");
      const written = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.put(HERE, "k", index, { expectedVersion: version })),
      );
      equal(written.filter((result) => result !== null).length, 1, "winners");
      equal(await store.put(HERE, "nothing", 1, { expectedVersion: 5 }), null, "absent key");
    },
  ],
  [
    "a version does not come again after a delete",
    async (store) => {
      const version = present(await store.put(HERE, "k", 1), "version");
      await store.delete(HERE, "k");
      await store.put(HERE, "k", 2);
      equal(await store.put(HERE, "k", 3, { expectedVersion: version }), null, "the old version");
    },
  ],
  [
    "delete says whether it was there and had the version",
    async (store) => {
      const version = present(await store.put(HERE, "k", 1), "version");
      equal(await store.delete(HERE, "k", { expectedVersion: version + 1 }), false, "other version");
      equal(await store.delete(HERE, "k", { expectedVersion: version }), true, "its version");
      equal([await store.delete(HERE, "k"), await store.get(HERE, "k")], [false, null], "gone");
    },
  ],
  [
    "a value with ttl is gone after that time, for every method",
    async (store, clock) => {
      await store.put(HERE, "k", 7, { ttlMs: 100 });
      await clock.advance(99);
      equal((await store.get(HERE, "k"))?.value, 7, "before");
      await clock.advance(1);
      equal(
        [await store.get(HERE, "k"), await store.list(HERE), await store.delete(HERE, "k")],
        [null, [], false],
        "after",
      );
      equal(await store.add(HERE, "k", 1), 1, "add begins at 0");
      await store.put(HERE, "again", 1, { ttlMs: 10 });
      await clock.advance(10);
      ensure((await store.put(HERE, "again", 2, { expectedVersion: 0 })) !== null, "absent for compare-and-set");
      await clock.advance(1000);
      equal((await store.get(HERE, "again"))?.value, 2, "a put without ttl stays");
    },
  ],
  [
    "a list has the prefix, key order, a limit and goes on after a key",
    async (store) => {
      for (const key of ["b/2", "a/1", "b/10", "b", "c", "b/1", "B/1", "b%"]) await store.put(HERE, key, key);
      const keys = async (options: { prefix?: string; after?: string; limit?: number }) =>
        (await store.list(HERE, options)).map((entry) => entry.key);
      equal(await keys({}), ["B/1", "a/1", "b", "b%", "b/1", "b/10", "b/2", "c"], "all");
      equal(
        [
          await keys({ prefix: "b/" }),
          await keys({ prefix: "b/1" }),
          await keys({ prefix: "x" }),
          await keys({ prefix: "%" }),
        ],
        [["b/1", "b/10", "b/2"], ["b/1", "b/10"], [], []],
        "prefixes",
      );
      equal(
        [
          await keys({ prefix: "b/", after: "b/1" }),
          await keys({ prefix: "b/", limit: 2 }),
          await keys({ after: "b/10", limit: 1 }),
        ],
        [["b/10", "b/2"], ["b/1", "b/10"], ["b/2"]],
        "pages",
      );
      equal(await keys({ prefix: "b/", after: "a" }), ["b/1", "b/10", "b/2"], "after, before the prefix");
    },
  ],
  [
    "concurrent adds lose nothing",
    async (store) => {
      const sums = await Promise.all(Array.from({ length: 50 }, () => store.add(HERE, "n", 2)));
      equal(
        [...sums].sort((left, right) => (left ?? 0) - (right ?? 0)),
        Array.from({ length: 50 }, (_, index) => 2 * index + 2),
        "sums",
      );
      equal((await store.get(HERE, "n"))?.value, 100, "value");
    },
  ],
  [
    "concurrent adds never pass the ceiling (I9)",
    async (store) => {
      const sums = await Promise.all(Array.from({ length: 50 }, () => store.add(HERE, "n", 3, { ceiling: 20 })));
      equal(sums.filter((sum) => sum !== null).length, 6, "granted");
      equal((await store.get(HERE, "n"))?.value, 18, "value");
      equal(
        [
          await store.add(HERE, "n", 2, { ceiling: 20 }),
          await store.add(HERE, "n", 1, { ceiling: 20 }),
          await store.add(HERE, "n", -5, { ceiling: 20 }),
        ],
        [20, null, 15],
        "up to the ceiling and down again",
      );
    },
  ],
  [
    "add to what is not a number is INVALID_ARGUMENT and harms no neighbour",
    async (store) => {
      await store.put(HERE, "text", "x");
      const [code, sum] = await Promise.all([codeOf(() => store.add(HERE, "text", 1)), store.add(HERE, "n", 1)]);
      equal([code, sum], ["INVALID_ARGUMENT", 1], "outcomes");
    },
  ],
  [
    "a watcher hears of every change in its scope until it ends",
    async (store) => {
      const heard: string[] = [];
      const end = store.watch(HERE, ({ key }) => void heard.push(key));
      for (const scope of ELSEWHERE) await store.put(scope, "theirs", 1);
      await store.put(HERE, "a", 1);
      await store.put(HERE, "a", 2, { expectedVersion: 0 });
      await store.add(HERE, "n", 1);
      await store.delete(HERE, "a");
      await store.delete(HERE, "a");
      await store.get(HERE, "a");
      equal(heard, ["a", "n", "a"], "changes");
      end();
      await store.put(HERE, "a", 3);
      await store.get(HERE, "a");
      equal(heard.length, 3, "after the end");
    },
  ],
  [
    "no method crosses a tenant or a namespace (I7)",
    async (store) => {
      const version = present(await store.put(HERE, "k", 1), "version");
      for (const scope of ELSEWHERE) {
        equal(
          [await store.get(scope, "k"), await store.list(scope), await store.delete(scope, "k")],
          [null, [], false],
          "reads",
        );
        equal(await store.put(scope, "k", 9, { expectedVersion: version }), null, "compare-and-set");
        equal(await store.add(scope, "k", 5), 5, "add");
      }
      equal(await store.get(HERE, "k"), { key: "k", value: 1, version }, "ours");
      equal((await store.list(HERE)).length, 1, "our list");
    },
  ],
];

export const keyValueSuite = ({ name, open, test }: KeyValueSuiteOptions): void => {
  for (const [sentence, run] of CASES) {
    test(`${name}: ${sentence}`, async () => {
      const clock = new ManualClock({ now: 1_750_000_000_000 });
      const { store, close } = await open({ clock });
      try {
        await run(store, clock);
      } finally {
        await close();
      }
    });
  }
};
