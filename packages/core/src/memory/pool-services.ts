import type { Clock, Digest, Ids, KeyValue, Logger, VectorIndex } from "../ports/index.ts";

/** What pools stand on. */
export interface PoolServices {
  readonly keyValue: KeyValue;
  readonly vectorIndex: VectorIndex;
  /** Vectors tell of what they stand for, and a vector index cannot seal them: they lie within the sealed memories instead, and are searched by the node. */
  readonly sealsVectors: boolean;
  /** Whether others change the store too. */
  readonly acrossNodes: boolean;
  readonly clock: Clock;
  readonly ids: Pick<Ids, "next">;
  readonly digest: Pick<Digest, "sha256">;
  readonly logger: Logger;
}
