import { type FailingExchange, injectFailures } from "./inject-failures.ts";
import { type HealthyExchange, makeHealthy } from "./make-healthy.ts";
import type { Split } from "./random.ts";
import { readFailing, readHealthy } from "./read-written.ts";

export interface Exchanges {
  readonly healthy: readonly HealthyExchange[];
  readonly failing: readonly FailingExchange[];
}

/** All of a split, in the same order each time. */
export const readExchanges = (split: Split): Exchanges => {
  const healthy = [...readHealthy(), ...makeHealthy()];
  const failing = [...readFailing(), ...injectFailures(healthy)];
  return {
    healthy: healthy.filter((each) => each.split === split),
    failing: failing.filter((each) => each.split === split),
  };
};
