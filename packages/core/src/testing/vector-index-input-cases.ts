/** What is refused at the edge, and has no effect. */
import type { NearestQuery, VectorEntry, VectorIndex } from "../ports/vector-index.ts";
import { codeOf, equal } from "./assertions.ts";
import { at, HERE, nearestIds, type VectorCase } from "./vector-index-fixture.ts";

const LONE_HALF = "\ud83d";
const many = (count: number): VectorEntry[] =>
  Array.from({ length: count }, (_, place) => ({ id: `v${place}`, vector: [1, 0] }));

const refusedEntries: readonly (readonly [what: string, entry: VectorEntry, code?: string])[] = [
  ["NaN", { id: "x", vector: [1, Number.NaN] }],
  ["infinity", { id: "x", vector: Float32Array.from([1, Number.POSITIVE_INFINITY]) }],
  ["a hole", { id: "x", vector: Object.assign([1, 0], { length: 2, 1: undefined }) as number[] }],
  ["a zero vector", { id: "x", vector: [0, -0] }],
  ["no dimensions", { id: "x", vector: [] }],
  ["too many dimensions", { id: "x", vector: new Float32Array(4097).fill(1) }, "TOO_LARGE"],
  ["other dimensions than the call's first", { id: "x", vector: [1, 2, 3] }],
  ["an empty id", { id: "", vector: [1, 0] }],
  ["a long id", { id: "i".repeat(513), vector: [1, 0] }],
  ["U+0000 in an id", { id: "a\u0000", vector: [1, 0] }],
  ["half a character in an id", { id: LONE_HALF, vector: [1, 0] }],
  ["half a character in metadata", { id: "x", vector: [1, 0], metadata: { text: LONE_HALF } }],
  ["half a character in a field's name", { id: "x", vector: [1, 0], metadata: { [LONE_HALF]: 1 } }],
  ["NaN in metadata", { id: "x", vector: [1, 0], metadata: { score: Number.NaN } }],
  [
    "metadata that are not flat",
    { id: "x", vector: [1, 0], metadata: { deep: {} } as unknown as Record<string, string> },
  ],
  ["null in metadata", { id: "x", vector: [1, 0], metadata: { none: null } as unknown as Record<string, string> }],
  ["large metadata", { id: "x", vector: [1, 0], metadata: { text: "ü".repeat(4096) } }, "TOO_LARGE"],
];

const refusedQueries: readonly (readonly [what: string, query: Partial<NearestQuery>])[] = [
  ["no limit", { limit: 0 }],
  ["a negative limit", { limit: -1 }],
  ["a large limit", { limit: 1001 }],
  ["a broken limit", { limit: 1.5 }],
  ["a limit that is no number", { limit: Number.NaN }],
  ["NaN", { vector: [Number.NaN, 1] }],
  ["a zero vector", { vector: [0, 0] }],
  ["a similarity above 1", { minSimilarity: 1.1 }],
  ["a similarity that is no number", { minSimilarity: Number.NaN }],
  ["a filter that is not flat", { filter: { deep: [] } as unknown as Record<string, string> }],
  ["half a character in a filter", { filter: { text: LONE_HALF } }],
];

const unchanged = async (index: VectorIndex): Promise<void> => {
  equal(
    [await index.count(HERE), await nearestIds(index, { vector: at(0), limit: 10 })],
    [1, ["kept"]],
    "what is there",
  );
};

export const VECTOR_INPUT_CASES: readonly VectorCase[] = [
  [
    "an entry that cannot be kept refuses the whole call, in a scope with and without dimensions",
    async (index) => {
      for (const [what, entry, code = "INVALID_ARGUMENT"] of refusedEntries) {
        const call = () => index.upsert(HERE, [{ id: "first", vector: [1, 0] }, entry, { id: "last", vector: [0, 1] }]);
        equal([what, await codeOf(call)], [what, code], "refused");
      }
      equal(await index.count(HERE), 0, "entries");
      // Nothing has fixed the dimensions yet.
      await index.upsert(HERE, [{ id: "three", vector: [1, 2, 3] }]);
      await index.clear(HERE);
      await index.upsert(HERE, [{ id: "kept", vector: at(0) }]);
      for (const [what, entry, code = "INVALID_ARGUMENT"] of refusedEntries) {
        const call = () => index.upsert(HERE, [{ id: "kept", vector: at(90) }, entry]);
        equal([what, await codeOf(call)], [what, code], "refused");
      }
      await unchanged(index);
    },
  ],
  [
    "a question that has no answer is refused, also in a scope that has nothing",
    async (index) => {
      const refuse = async (): Promise<void> => {
        for (const [what, part] of refusedQueries) {
          const call = () => index.nearest(HERE, { vector: at(0), limit: 5, ...part });
          equal([what, await codeOf(call)], [what, "INVALID_ARGUMENT"], "refused");
        }
        equal(await codeOf(() => index.list(HERE, { limit: 0 })), "INVALID_ARGUMENT", "no limit of a list");
        for (const after of [LONE_HALF, "a\u0000", ""])
          equal(await codeOf(() => index.list(HERE, { after })), "INVALID_ARGUMENT", "after what cannot be an id");
        equal(await codeOf(() => index.get(HERE, [""])), "INVALID_ARGUMENT", "an id that cannot be");
      };
      await refuse();
      await index.upsert(HERE, [{ id: "kept", vector: at(0) }]);
      await refuse();
      await unchanged(index);
    },
  ],
  [
    "at most 500 entries or ids a call",
    async (index) => {
      const ids = many(501).map(({ id }) => id);
      equal(await codeOf(() => index.upsert(HERE, many(501))), "TOO_LARGE", "entries");
      await index.upsert(HERE, many(500));
      equal(await codeOf(() => index.get(HERE, ids)), "TOO_LARGE", "ids to get");
      equal(await codeOf(() => index.delete(HERE, ids)), "TOO_LARGE", "ids to delete");
      equal((await index.get(HERE, ids.slice(1))).length, 499, "got");
      equal(await index.delete(HERE, ids.slice(1)), 499, "deleted");
    },
  ],
  [
    "a scope whose name no store could tell from another's is refused by every method (I7)",
    async (index) => {
      await index.upsert(HERE, [{ id: "kept", vector: at(0) }]);
      for (const scope of [
        { tenantId: LONE_HALF, namespace: "n" },
        { tenantId: "t", namespace: "\ude00" },
        { tenantId: "t".repeat(129), namespace: "n" },
        { tenantId: "t", namespace: "n".repeat(129) },
      ]) {
        const calls = [
          () => index.upsert(scope, [{ id: "x", vector: at(0) }]),
          () => index.nearest(scope, { vector: at(0), limit: 1 }),
          () => index.get(scope, ["kept"]),
          () => index.list(scope),
          () => index.delete(scope, ["kept"]),
          () => index.count(scope),
          () => index.clear(scope),
        ];
        for (const call of calls) equal(await codeOf(call), "INVALID_ARGUMENT", JSON.stringify(scope));
      }
      await unchanged(index);
    },
  ],
  [
    "numbers and names at their bounds are kept",
    async (index) => {
      const scope = { tenantId: "ü".repeat(128), namespace: "\\".repeat(128) };
      const id = "日".repeat(512);
      const metadata = { text: "x".repeat(8192 - '{"text":""}'.length) };
      await index.upsert(scope, [{ id, vector: [1e308, 1e308], metadata }]);
      await index.upsert(scope, [{ id: "small", vector: [5e-324, -5e-324] }]);
      equal(await nearestIds(index, { vector: [1e-300, 0.9e-300], limit: 2 }, scope), [id, "small"], "found");
      const [got] = await index.get(scope, [id]);
      equal(got?.metadata, metadata, "metadata");
    },
  ],
];
