/** What is there, and for whom. */
import type { VectorScope } from "../ports/vector-index.ts";
import { codeOf, equal, present } from "./assertions.ts";
import { at, close, HERE, idsOf, nearestIds, type VectorCase } from "./vector-index-fixture.ts";

const ELSEWHERE: readonly VectorScope[] = [
  { tenantId: "globex", namespace: "agents" },
  { tenantId: "acme", namespace: "other" },
  { tenantId: "acme", namespace: "" },
  { tenantId: "ACME", namespace: "agents" },
  { tenantId: "acme ", namespace: "agents" },
  { tenantId: "%", namespace: "%" },
  { tenantId: "acme/agents", namespace: "" },
  { tenantId: "acm", namespace: "eagents" },
  { tenantId: "acme\u0000", namespace: "agents" },
  { tenantId: "acme\\0", namespace: "agents" },
  { tenantId: "' or true --", namespace: "agents" },
  // The same when put together, whatever stands between.
  ...["/", ":", "\u0000", "\\", " ", '","'].flatMap((mark) => [
    { tenantId: `a${mark}b`, namespace: "c" },
    { tenantId: "a", namespace: `b${mark}c` },
  ]),
];

export const VECTOR_SCOPE_CASES: readonly VectorCase[] = [
  [
    "an index that has nothing says so",
    async (index) => {
      equal(
        [
          await index.nearest(HERE, { vector: [1, 2], limit: 5 }),
          await index.get(HERE, ["a"]),
          await index.list(HERE),
          await index.delete(HERE, ["a"]),
          await index.count(HERE),
          await index.clear(HERE),
          await index.upsert(HERE, []),
          await index.count(HERE),
        ],
        [[], [], [], 0, 0, 0, undefined, 0],
        "answers",
      );
    },
  ],
  [
    "get gives what is there, in the order asked for, scaled to length 1",
    async (index) => {
      await index.upsert(HERE, [
        { id: "a", vector: [3, 4], metadata: { text: "ü💡" } },
        { id: "b", vector: [0, -2] },
      ]);
      const found = await index.get(HERE, ["b", "missing", "a"]);
      equal(idsOf(found), ["b", "a"], "ids");
      const a = present(found[1], "a");
      close(a.vector[0] ?? 0, 0.6, "first");
      close(a.vector[1] ?? 0, 0.8, "second");
      equal([[...(found[0]?.vector ?? [])], a.metadata], [[0, -1], { text: "ü💡" }], "b and what is known of a");
    },
  ],
  [
    "a list goes on after an id, has a limit, and can be filtered",
    async (index) => {
      const ids = Array.from({ length: 25 }, (_, place) => `v${String(place).padStart(2, "0")}`);
      await index.upsert(
        HERE,
        ids.map((id, place) => ({ id, vector: [1, 0], metadata: { third: place % 3, place } })),
      );
      equal(idsOf(await index.list(HERE)), ids, "all");
      equal(
        await index.list(HERE, { after: "v22", limit: 1 }),
        [{ id: "v23", metadata: { third: 2, place: 23 } }],
        "one",
      );
      equal(idsOf(await index.list(HERE, { after: "v1" })), ids.slice(10), "after an id that is not there");
      equal(
        idsOf(await index.list(HERE, { filter: { third: 1 }, after: "v04", limit: 3 })),
        ["v07", "v10", "v13"],
        "filtered",
      );
      equal(await index.list(HERE, { after: "v24" }), [], "after the last");
    },
  ],
  [
    "delete removes what is there of the ids, once, and says how many",
    async (index) => {
      await index.upsert(
        HERE,
        ["a", "b", "c"].map((id) => ({ id, vector: at(0) })),
      );
      equal(await nearestIds(index, { vector: at(0), limit: 5 }), ["a", "b", "c"], "before");
      equal(await index.delete(HERE, ["c", "missing", "a", "a"]), 2, "removed");
      equal(await index.delete(HERE, ["c"]), 0, "again");
      equal([await index.count(HERE), await nearestIds(index, { vector: at(0), limit: 5 })], [1, ["b"]], "left");
      equal(await index.delete(HERE, []), 0, "nothing asked for");
    },
  ],
  [
    "the first upsert fixes the dimensions, deletes change nothing about it, and clear lets another number in",
    async (index) => {
      await index.upsert(HERE, [{ id: "a", vector: [1, 2, 3] }]);
      const problem = async (call: () => Promise<unknown>): Promise<readonly unknown[]> => {
        const thrown = await call().then(
          () => ({ message: "nothing was thrown" }),
          (error: unknown) => error,
        );
        const message =
          typeof thrown === "object" && thrown !== null && "message" in thrown ? String(thrown.message) : "";
        return [await codeOf(call), message.includes("3"), message.includes("2")];
      };
      const upsertTwo = () => index.upsert(HERE, [{ id: "b", vector: [1, 2] }]);
      equal(await problem(upsertTwo), ["INVALID_ARGUMENT", true, true], "upsert names both numbers");
      equal(
        await problem(() => index.nearest(HERE, { vector: [1, 2], limit: 1 })),
        ["INVALID_ARGUMENT", true, true],
        "nearest names both numbers",
      );
      equal([await index.count(HERE), await index.delete(HERE, ["a"])], [1, 1], "only what fitted is there");
      equal((await problem(upsertTwo))[0], "INVALID_ARGUMENT", "after a delete");
      equal(await index.clear(HERE), 0, "cleared while empty");
      await upsertTwo();
      equal(await nearestIds(index, { vector: [1, 2], limit: 5 }), ["b"], "of two dimensions");
      equal([await index.clear(HERE), await index.count(HERE)], [1, 0], "cleared");
      equal(await index.nearest(HERE, { vector: [1, 2, 3, 4], limit: 5 }), [], "nothing to differ from");
    },
  ],
  [
    "of first upserts at once with different dimensions only those of one number go through",
    async (index) => {
      const results = await Promise.allSettled(
        Array.from({ length: 12 }, (_, place) =>
          index.upsert(HERE, [{ id: `v${place}`, vector: Array.from({ length: 2 + (place % 3) }, () => 1) }]),
        ),
      );
      const written = results.flatMap(({ status }, place) => (status === "fulfilled" ? [place % 3] : []));
      equal([written.length, new Set(written).size, await index.count(HERE)], [4, 1, 4], "of one number");
    },
  ],
  [
    "what a caller does with its own values later, or with what it was given, changes nothing",
    async (index) => {
      const vector = Float32Array.from([1, 0]);
      const metadata: Record<string, string> = { kind: "mine" };
      const upserting = index.upsert(HERE, [{ id: "a", vector, metadata }]);
      vector.set([0, 1]);
      metadata["kind"] = "changed";
      await upserting;
      for (let time = 0; time < 2; time++) {
        const [near] = await index.nearest(HERE, { vector: [1, 0], limit: 1 });
        const [got] = await index.get(HERE, ["a"]);
        const [listed] = await index.list(HERE);
        close(near?.similarity ?? 0, 1, "similarity");
        equal([got?.vector[0], got?.vector[1]], [1, 0], "vector");
        for (const each of [near, got, listed]) {
          equal(each?.metadata, { kind: "mine" }, "metadata");
          Object.assign(present(each, "entry").metadata, { kind: "changed" });
        }
        got?.vector.set([0, 1]);
      }
    },
  ],
  [
    "no method crosses a tenant or a namespace (I7)",
    async (index) => {
      await index.upsert(HERE, [{ id: "ours", vector: [1, 0, 0], metadata: { secret: "ours" } }]);
      for (const [place, scope] of ELSEWHERE.entries()) {
        const found = [
          await index.nearest(scope, { vector: [1, 0, 0], limit: 10 }),
          await index.nearest(scope, { vector: [1, 0, 0], limit: 10, filter: { secret: "ours" } }),
          await index.get(scope, ["ours"]),
          await index.list(scope),
          await index.delete(scope, ["ours"]),
          await index.count(scope),
          await index.clear(scope),
        ];
        equal(found, [[], [], [], [], 0, 0, 0], `seen from ${JSON.stringify(scope)}`);
        // Another number of dimensions and the same id: theirs is theirs.
        await index.upsert(scope, [{ id: "ours", vector: [0, 1], metadata: { place } }]);
      }
      for (const [place, scope] of ELSEWHERE.entries()) {
        const [near, ...more] = await index.nearest(scope, { vector: [0, 1], limit: 10 });
        equal([near?.metadata, more, await index.count(scope)], [{ place }, [], 1], JSON.stringify(scope));
      }
      for (const scope of ELSEWHERE) await index.clear(scope);
      const [near, ...more] = await index.nearest(HERE, { vector: [1, 0, 0], limit: 10 });
      equal([near?.id, near?.metadata, more], ["ours", { secret: "ours" }, []], "ours");
    },
  ],
];
