import { PlatformError } from "@agentcore/contract";
import type { Logger } from "@agentcore/core/ports";
import { Trouble } from "@agentcore/core/tasks";
import { singleFlight } from "../single-flight.ts";
import type { ManifestStore } from "./manifest-store.ts";

// What a lost hint costs at most.
const LOOK_MS = 5_000;

/** Reconciles when another node says that it applied or deleted something, and now and then. Returns the way to stop. */
export const followManifests = (parts: {
  readonly store: ManifestStore;
  readonly reconcile: () => Promise<void>;
  readonly logger: Logger;
}): (() => void) => {
  const { store, reconcile } = parts;
  const failing = new Trouble(parts.logger, "cannot look for manifests of other nodes");
  const watched = new Map<string, () => void>();
  const look = singleFlight(async () => {
    try {
      await reconcile();
      for (const tenantId of await store.tenants())
        if (!watched.has(tenantId))
          watched.set(
            tenantId,
            store.watch(tenantId, () => void look()),
          );
      failing.end();
    } catch (error) {
      failing.begin(PlatformError.from(error));
    }
  });
  const unwatchTenants = store.watchTenants(() => void look());
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  void look();
  return () => {
    clearInterval(timer);
    unwatchTenants();
    for (const unwatch of watched.values()) unwatch();
  };
};
