import { test } from "vitest";
import { keyValueSuite } from "../testing/index.ts";
import { createMemoryKeyValue } from "./memory-key-value.ts";

keyValueSuite({
  name: "memory",
  test,
  open: async ({ clock }) => ({ store: createMemoryKeyValue({ clock }), close: async () => {} }),
});
