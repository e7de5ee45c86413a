import { createMemoryBackend, createSharedMemoryBackend } from "./memory-backend.ts";
import { testModel } from "./test-model.ts";
import { runVirtual, VIRTUAL_JUMPS, VIRTUAL_LEASE_MS } from "./virtual-run.ts";

testModel({
  store: "memory",
  // One process alone, or several with leases: what only happens between nodes happens here in no time.
  shape: {
    programs: 10,
    nodes: [1, 2, 3],
    maxLatencyMs: 4,
    faults: 8,
    timed: 3,
    lengthMs: 6_000,
    calls: 60,
    fewSlots: 3,
    jumps: VIRTUAL_JUMPS,
  },
  run: (plan) =>
    runVirtual(plan, async (clock, { nodes }) =>
      nodes === 1 ? createMemoryBackend(clock) : createSharedMemoryBackend(clock, VIRTUAL_LEASE_MS),
    ),
  shrinkMs: 60_000,
  timeoutMs: 600_000,
});
