import { test } from "vitest";
import { vectorIndexSuite } from "../testing/index.ts";
import { createMemoryVectorIndex } from "./index.ts";

vectorIndexSuite({
  name: "memory",
  test,
  open: async () => ({ index: createMemoryVectorIndex(), close: async () => {} }),
});
