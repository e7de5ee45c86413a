/** Generated calls against a reference that sorts everything. */
import { createRandom } from "../bus/seeded-random.ts";
import type { NearestQuery, NearVector, VectorIndex, VectorMetadata, VectorScope } from "../ports/vector-index.ts";
import { compareIds } from "../storage/vector-input.ts";
import { ensure, equal } from "./assertions.ts";
import { idsOf, TOLERANCE, type VectorCase } from "./vector-index-fixture.ts";

const SEEDS = ["1f2e3d4c", "0badcafe", "77777777", "deadbeef"];
const CALLS = 120;

interface Reference {
  readonly vector: readonly number[];
  readonly metadata: VectorMetadata;
}

const SCOPES: readonly VectorScope[] = [
  { tenantId: "acme", namespace: "one" },
  { tenantId: "acme", namespace: "two" },
  { tenantId: "globex", namespace: "one" },
];

const cosine = (left: readonly number[], right: readonly number[]): number => {
  const product = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, number, place) => sum + number * (b[place] ?? Number.NaN), 0);
  return product(left, right) / Math.sqrt(product(left, left) * product(right, right));
};

/** What must be true of an answer, whichever way near-equals are put. */
const checkAnswer = (
  found: readonly NearVector[],
  query: NearestQuery & { readonly vector: readonly number[] },
  entries: ReadonlyMap<string, Reference>,
): void => {
  const { filter = {}, minSimilarity = -1, limit, vector } = query;
  const matching = [...entries].filter(([, { metadata }]) =>
    Object.entries(filter).every(([field, value]) => metadata[field] === value),
  );
  const exact = new Map(matching.map(([id, entry]) => [id, cosine(entry.vector, vector)]));
  for (const { id, similarity, metadata } of found) {
    const expected = exact.get(id) ?? Number.NaN;
    ensure(Math.abs(similarity - expected) <= TOLERANCE, `${id} has ${similarity}, the reference says ${expected}`);
    equal(metadata, entries.get(id)?.metadata, `metadata of ${id}`);
  }
  for (const [place, { id, similarity }] of found.entries()) {
    const next = found[place + 1];
    if (next === undefined) break;
    const inOrder = similarity > next.similarity || (similarity === next.similarity && compareIds(id, next.id) < 0);
    ensure(inOrder, `${id} stands before ${next.id}`);
  }
  ensure(found.length <= limit, "within the limit");
  const last = found.length === limit ? found.at(-1) : undefined;
  const answered = new Set(idsOf(found));
  for (const [id, similarity] of exact) {
    if (answered.has(id) || similarity < minSimilarity + TOLERANCE) continue;
    ensure(last !== undefined && similarity <= last.similarity + TOLERANCE, `${id} with ${similarity} is missing`);
    // Vectors that are the same number by number are equals, whatever the arithmetic.
    const isSame = entries.get(last?.id ?? "")?.vector.join() === entries.get(id)?.vector.join();
    ensure(!isSame || compareIds(last?.id ?? "", id) < 0, `${id} comes before its equal ${last?.id}`);
  }
};

const run = async (index: VectorIndex, seed: string): Promise<void> => {
  const random = createRandom(seed);
  const whole = (below: number): number => Math.floor(random() * below);
  const dimensions = [2, 7, 33][whole(3)] ?? 2;
  // Small whole numbers, so that equals and opposites are frequent.
  const vector = (): number[] => {
    const numbers = Array.from({ length: dimensions }, () => whole(5) - 2);
    return numbers.some((number) => number !== 0) ? numbers : vector();
  };
  const fields = (count: number): VectorMetadata =>
    Object.fromEntries(Array.from({ length: whole(count) }, () => [`f${whole(3)}`, [0, 1, "1", true][whole(4)] ?? 0]));
  const states = SCOPES.map(() => new Map<string, Reference>());
  let asked = 0;
  for (let call = 0; call < CALLS; call++) {
    const place = whole(SCOPES.length);
    const [scope, entries] = [SCOPES[place], states[place]];
    if (scope === undefined || entries === undefined) return;
    const id = (): string => `${["a", "ü", "日", "\u{1f4a1}", "\uffe0"][whole(5)]}${whole(12)}`;
    const kind = whole(20);
    if (kind === 0) {
      equal(await index.clear(scope), entries.size, "cleared");
      entries.clear();
    } else if (kind < 4) {
      const ids = Array.from({ length: whole(6) }, id);
      equal(await index.delete(scope, ids), ids.filter((each) => entries.delete(each)).length, "deleted");
    } else if (kind < 10) {
      const given = Array.from({ length: whole(12) }, () => ({ id: id(), vector: vector(), metadata: fields(4) }));
      await index.upsert(scope, given);
      for (const { id: key, vector: numbers, metadata } of given) entries.set(key, { vector: numbers, metadata });
    } else {
      const query = {
        vector: vector(),
        limit: 1 + whole(15),
        ...(whole(2) === 0 ? {} : { filter: fields(3) }),
        ...(whole(3) === 0 ? { minSimilarity: 2 * random() - 1 } : {}),
      };
      checkAnswer(await index.nearest(scope, query), query, entries);
      asked += 1;
    }
    if (call % 30 === 29) equal(idsOf(await index.list(scope)), [...entries.keys()].sort(compareIds), "listed");
  }
  ensure(asked > CALLS / 4, "enough was asked");
};

export const VECTOR_REFERENCE_CASES: readonly VectorCase[] = [
  [
    "whatever is written, answers are those of a search through everything",
    async (index) => {
      for (const seed of SEEDS) {
        await run(index, seed);
        for (const scope of SCOPES) await index.clear(scope);
      }
    },
  ],
];
