import { test } from "vitest";
import { blobStoreSuite } from "../testing/index.ts";
import { createMemoryBlobStore } from "./index.ts";

blobStoreSuite({ name: "memory", test, open: async () => ({ store: createMemoryBlobStore(), close: async () => {} }) });
