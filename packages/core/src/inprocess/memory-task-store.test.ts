import { test } from "vitest";
import type { StoredEvent, TaskStore } from "../ports/index.ts";
import { type ManualClock, taskStoreSuite } from "../testing/index.ts";
import { createMemoryEventStore, createMemoryTaskStore, type MemoryTaskStore } from "./memory-task-store.ts";

const opened =
  <Event extends StoredEvent>(create: (options: { clock: ManualClock }) => MemoryTaskStore<Event>) =>
  async (options: { readonly clock: ManualClock }) => {
    let store = create(options);
    return {
      store: store as TaskStore<StoredEvent>,
      reopen: async () => {
        store = store.reopen();
        return store as TaskStore<StoredEvent>;
      },
      close: () => store.close(),
    };
  };

taskStoreSuite({ name: "memory", test, open: opened(createMemoryEventStore) });
taskStoreSuite({ name: "memory, of task events", test, open: opened(createMemoryTaskStore) });
