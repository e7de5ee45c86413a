/**
 * What every TaskStore must do, whatever it is made of: one case a promise of the port. Runner-independent; give it the
 * runner's `test` and a way to open an empty store.
 */
import { ledgerCases } from "./ledger-cases.ts";
import type { ManualClock } from "./manual-clock.ts";
import { blobCases } from "./task-store-blob-cases.ts";
import { bytesCases } from "./task-store-bytes-cases.ts";
import { claimCases } from "./task-store-claim-cases.ts";
import { commitCases } from "./task-store-commit-cases.ts";
import { type OpenedTaskStore, TaskStoreFixture } from "./task-store-fixture.ts";
import { readCases } from "./task-store-read-cases.ts";
import { retentionCases } from "./task-store-retention-cases.ts";
import { tenantCases } from "./task-store-tenant-cases.ts";
import { turnCases } from "./task-store-turn-cases.ts";

export interface TaskStoreSuiteOptions {
  /** Stands before each test's name. */
  readonly name: string;
  /** An empty store for one test. A store with a clock of its own may ignore `clock` if that runs at wall time. */
  readonly open: (options: { readonly clock: ManualClock }) => Promise<OpenedTaskStore>;
  readonly test: (name: string, run: () => Promise<void>) => void;
}

export const taskStoreSuite = ({ name, open, test }: TaskStoreSuiteOptions): void => {
  const cases = [
    ...[...commitCases, ...claimCases, ...turnCases, ...readCases],
    ...[...retentionCases, ...tenantCases, ...blobCases, ...bytesCases, ...ledgerCases],
  ];
  for (const [sentence, run] of cases) {
    test(`${name}: ${sentence}`, async () => {
      const fixture = await TaskStoreFixture.open(open);
      try {
        await run(fixture);
      } finally {
        await fixture.close();
      }
    });
  }
};
