import type { NearestQuery, NearVector, VectorIndex, VectorScope } from "../ports/vector-index.ts";
import { ensure, equal } from "./assertions.ts";

export type VectorCase = readonly [name: string, run: (index: VectorIndex) => Promise<void>];

export const HERE: VectorScope = { tenantId: "acme", namespace: "agents" };

/** What two adapters may differ by. */
export const TOLERANCE = 1e-5;

/** A vector of two dimensions at that angle: similarities are cosines of differences. */
export const at = (degrees: number): readonly number[] => {
  const radians = (degrees * Math.PI) / 180;
  return [Math.cos(radians), Math.sin(radians)];
};

export const idsOf = (found: readonly { readonly id: string }[]): readonly string[] => found.map(({ id }) => id);

export const nearestIds = async (
  index: VectorIndex,
  query: NearestQuery,
  scope: VectorScope = HERE,
): Promise<readonly string[]> => idsOf(await index.nearest(scope, query));

export const close = (actual: number, expected: number, what: string): void =>
  ensure(Math.abs(actual - expected) <= TOLERANCE, `${what}: expected ${expected}, found ${actual}`);

/** Ids and similarities, the latter within the tolerance. */
export const equalNear = (
  found: readonly NearVector[],
  expected: readonly (readonly [id: string, similarity: number])[],
): void => {
  equal(
    idsOf(found),
    expected.map(([id]) => id),
    "ids",
  );
  for (const [place, [id, similarity]] of expected.entries())
    close(found[place]?.similarity ?? Number.NaN, similarity, id);
};
