/** What of a MemoryPool manifest its schema cannot say: nobody gives away what is an agent's own. */
import { invalidArgument, type MemoryPoolManifest, PRIVATE_POOLS } from "@agentcore/contract";

const PRIVATE: ReadonlySet<string> = new Set(PRIVATE_POOLS);

/** Throws INVALID_ARGUMENT. */
export const checkMemoryPool = ({ metadata, spec }: MemoryPoolManifest): void => {
  const what = `MemoryPool "${metadata.name}"`;
  if (PRIVATE.has(metadata.name))
    for (const right of ["read", "write"] as const)
      if (spec[right] !== undefined)
        throw invalidArgument(what, [
          {
            field: `spec.${right}`,
            description: `says nothing here: "${metadata.name}" is how agents' own memory is kept, which is theirs alone; share a pool of another name`,
          },
        ]);
  const { weights } = spec;
  if (weights !== undefined && weights.relevance + weights.recency + weights.importance <= 0)
    throw invalidArgument(what, [{ field: "spec.weights", description: "expected one of them above 0" }]);
};
