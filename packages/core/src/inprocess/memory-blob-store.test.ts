import { test } from "vitest";
import { blobStoreSuite } from "../testing/index.ts";
import { createMemoryBlobStore } from "./index.ts";

blobStoreSuite({
  name: "memory",
  test,
  open: async ({ clock }) => ({ store: createMemoryBlobStore({ clock }), close: async () => {} }),
});
