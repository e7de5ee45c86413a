import { afterAll, test } from "vitest";
import { startOwnPostgres } from "../../scripts/services.mjs";
import { createPostgresBackend, type PostgresServer } from "./postgres-backend.ts";
import { REAL_JUMPS, REAL_LEASE_MS, runReal } from "./real-run.ts";
import { testModel } from "./test-model.ts";

const url = process.env["AGENTCORE_TEST_POSTGRES_URL"] ?? "";
const own = startOwnPostgres();
afterAll(() => own?.stop());
const server: PostgresServer | null = own ?? (url === "" ? null : { url, restart: null });

if (server === null) {
  test.skip("postgresql: needs a PostgreSQL", () => undefined);
} else {
  testModel({
    store: "postgresql",
    // Leases run on the database's clock: waiting is real, so many programs wait at once.
    shape: {
      programs: 250,
      nodes: [3],
      maxLatencyMs: 0,
      faults: 16,
      timed: 8,
      lengthMs: 6_000,
      calls: 100,
      fewSlots: 20,
      jumps: REAL_JUMPS,
    },
    run: async (plan) => runReal(plan, await createPostgresBackend(server, REAL_LEASE_MS)),
    shrinkMs: 120_000,
    // Most of the time they wait: all that there are in two rounds.
    atOnce: 4,
    ...(server.restart === null
      ? { remark: "the server is not ours, so a restart is the end of all connections of the test" }
      : {}),
    timeoutMs: 900_000,
  });
}
