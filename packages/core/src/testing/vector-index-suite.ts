/** What every VectorIndex must do. Runner-independent, like taskStoreSuite. */
import type { VectorIndex } from "../ports/vector-index.ts";
import { VECTOR_INPUT_CASES } from "./vector-index-input-cases.ts";
import { VECTOR_REFERENCE_CASES } from "./vector-index-reference-cases.ts";
import { VECTOR_SCOPE_CASES } from "./vector-index-scope-cases.ts";
import { VECTOR_SEARCH_CASES } from "./vector-index-search-cases.ts";

export interface VectorIndexSuiteOptions {
  readonly name: string;
  /** An empty index for one test. */
  readonly open: () => Promise<{ readonly index: VectorIndex; close(): Promise<void> }>;
  readonly test: (name: string, run: () => Promise<void>) => void;
}

export const vectorIndexSuite = ({ name, open, test }: VectorIndexSuiteOptions): void => {
  const cases = [VECTOR_SEARCH_CASES, VECTOR_SCOPE_CASES, VECTOR_INPUT_CASES, VECTOR_REFERENCE_CASES].flat();
  for (const [sentence, run] of cases) {
    test(`${name}: ${sentence}`, async () => {
      const { index, close } = await open();
      try {
        await run(index);
      } finally {
        await close();
      }
    });
  }
};
