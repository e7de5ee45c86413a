import { createSqliteBackend } from "./sqlite-backend.ts";
import { testModel } from "./test-model.ts";
import { runVirtual, VIRTUAL_JUMPS } from "./virtual-run.ts";

testModel({
  store: "sqlite",
  // Time costs nothing, answers of the store's thread do: many programs share them.
  shape: {
    programs: 200,
    nodes: [1],
    maxLatencyMs: 4,
    faults: 30,
    timed: 8,
    lengthMs: 6_000,
    calls: 200,
    fewSlots: 15,
    jumps: VIRTUAL_JUMPS,
  },
  run: (plan) => runVirtual({ ...plan, nodes: 1 }, createSqliteBackend),
  shrinkMs: 60_000,
  // While one waits for the disk, another goes on.
  atOnce: 3,
  timeoutMs: 600_000,
});
