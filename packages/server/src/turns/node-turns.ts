/** Turns of this node: work that the nodes of one database do one at a time. */
import type { KeyValue, Senses } from "@agentcore/core/ports";
import { TurnLease } from "@agentcore/core/retention";
import { SYSTEM_TENANT } from "../gateway/deps/tenants.ts";
import { Turn, type TurnOptions, type TurnWork } from "./turn.ts";

export type NodeTurns = (work: TurnWork) => Turn;

const LEASE_MS = 20_000;
// No other process can have the store open, so nothing is asked: whoever had it is dead, whatever its name was and its clock said.
const ALONE: TurnOptions["lease"] = {
  ...{ freeInMs: 0, heldForMs: Number.POSITIVE_INFINITY },
  keep: async () => true,
  release: async () => {},
};

export const createNodeTurns =
  (options: {
    readonly keyValue: KeyValue;
    /** Whether other nodes may use it too. */
    readonly isShared: boolean;
    readonly senses: Pick<Senses, "clock" | "logger">;
    readonly node: string;
    /** As TurnLease has it. */
    readonly life: string;
    readonly random: () => number;
    /** Whether this node is drained, or about to be. Alone it has nobody to leave it to. */
    readonly isLeaving: () => boolean;
    /** Another node follows one that died within one and a half of it. @default 20,000 */
    readonly leaseMs?: number | undefined;
  }): NodeTurns =>
  (work) => {
    const { keyValue, isShared, senses, node, life, random, isLeaving, leaseMs = LEASE_MS } = options;
    const { clock, logger } = senses;
    const scope = { tenantId: SYSTEM_TENANT, namespace: "turns" };
    const lease = isShared
      ? new TurnLease({ keyValue, clock, scope, key: work.key, node, life, ttlMs: leaseMs })
      : ALONE;
    return new Turn({ ...work, lease, leaseMs, clock, logger, random, isLeaving: () => isShared && isLeaving() });
  };
