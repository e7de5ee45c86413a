/** This node among the others: its heartbeat, what it is asked to do, and what front doors may ask of any node. */
import { PlatformError } from "@agentcore/contract";
import type { Clock, KeyValue, Logger } from "@agentcore/core/ports";
import { NodeDirectory } from "@agentcore/core/registry";
import { type TaskEngine, Trouble } from "@agentcore/core/tasks";
import type { NodeService } from "../gateway/deps/node-service.ts";
import { SYSTEM_TENANT } from "../gateway/deps/tenants.ts";
import type { AgentCatalogue } from "../manifests/agent-catalogue.ts";
import { singleFlight } from "../single-flight.ts";
import { describeNode } from "./describe-node.ts";
import { createDrainController, type DrainController } from "./drain-controller.ts";

// A quarter of the time after which a silent node counts as lost.
const BEAT_MS = 2_500;
// Somebody waits for it.
const DRAINING_BEAT_MS = 500;
// A store that does not answer must not keep the process from ending.
const LEAVE_MS = 2_000;

export interface NodeMembership extends NodeService {
  readonly condition: DrainController["condition"];
  /** Does what was asked before the node started: called before it takes work. Rejects when that cannot be known. */
  prepare(): Promise<void>;
  /** Tells the others, now and from now on. */
  join(): void;
  /** Says good-bye. */
  leave(): Promise<void>;
}

export const createNodeMembership = (options: {
  readonly node: string;
  readonly address: () => string;
  readonly version: string;
  readonly keyValue: KeyValue;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly engine: TaskEngine;
  readonly catalogue: AgentCatalogue;
  /** Whether there may be other nodes. */
  readonly isShared: boolean;
}): NodeMembership => {
  const { node, address, clock, logger, engine, catalogue } = options;
  const startedAt = clock.now();
  const directory = new NodeDirectory({
    ...options,
    tenantId: SYSTEM_TENANT,
    name: node,
    describe: () =>
      describeNode({
        ...{ name: node, address: address(), version: options.version, startedAt, now: clock.now() },
        ...{ condition: drains.condition, engine, catalogue },
      }),
  });
  const failing = new Trouble(logger, "cannot tell other nodes of this one");
  let timer: ReturnType<typeof setTimeout> | null = null;
  let unwatch = (): void => {};
  let hasJoined = false;

  const beat = singleFlight(async () => {
    if (timer !== null) clearTimeout(timer);
    if (!hasJoined) return;
    try {
      await drains.reconcile();
      // A process that has lost its lease may have lost its name as well: the record is the other's.
      if (engine.lease.trouble === null) await directory.beat();
      failing.end();
    } catch (error) {
      failing.begin(PlatformError.from(error));
    }
    timer = setTimeout(() => void beat(), drains.condition === "draining" ? DRAINING_BEAT_MS : BEAT_MS);
    timer.unref();
  });

  const drains = createDrainController({
    ...{ node, directory, engine, logger },
    onChange: () => void beat(),
  });

  const mustBeThere = async (tenantId: string, name: string) => {
    const found = await directory.get(tenantId, name);
    if (found === null) throw new PlatformError("NOT_FOUND", `there is no node "${name}"`);
    return found;
  };

  return {
    get condition() {
      return drains.condition;
    },
    list: (tenantId) => directory.list(tenantId),
    get: mustBeThere,
    async drain({ tenantId, caller }, name, graceMs) {
      await mustBeThere(tenantId, name);
      await directory.requestDrain(name, { by: caller, at: clock.now(), graceMs });
      if (name === node) await drains.reconcile();
      return mustBeThere(tenantId, name);
    },
    async undrain(tenantId, name) {
      // Also of a node that is not there now: it would come back drained.
      const wasAsked = await directory.withdrawDrain(name);
      if (!wasAsked) await mustBeThere(tenantId, name);
      if (name === node) await drains.reconcile();
    },
    prepare: () => drains.reconcile(),
    join() {
      hasJoined = true;
      unwatch = directory.watchDrain(() => void beat());
      void beat();
    },
    async leave() {
      hasJoined = false;
      unwatch();
      // After one that is under way, which would write once more.
      const left = beat()
        .then(() => directory.leave())
        .catch(() => undefined);
      // Best effort: what is not taken back is lost in a while, and then forgotten.
      await Promise.race([left, new Promise((resolve) => setTimeout(resolve, LEAVE_MS).unref())]);
    },
  };
};
