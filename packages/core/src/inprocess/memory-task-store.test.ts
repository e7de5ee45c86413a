import { test } from "vitest";
import { taskStoreSuite } from "../testing/index.ts";
import { createMemoryTaskStore } from "./memory-task-store.ts";

taskStoreSuite({
  name: "memory",
  test,
  open: async ({ clock }) => {
    let store = createMemoryTaskStore({ clock });
    return {
      store,
      reopen: async () => {
        store = store.reopen();
        return store;
      },
      close: () => store.close(),
    };
  },
});
