/** Turns of this node: work that the nodes of one database do one at a time. */
import type { KeyValue, Senses } from "@agentcore/core/ports";
import { TurnLease } from "@agentcore/core/retention";
import { SYSTEM_TENANT } from "../gateway/deps.ts";
import { Turn, type TurnWork } from "./turn.ts";

export type NodeTurns = (work: TurnWork) => Turn;

const LEASE_MS = 20_000;

export const createNodeTurns =
  (options: {
    readonly keyValue: KeyValue;
    readonly senses: Pick<Senses, "clock" | "logger">;
    readonly node: string;
    /** As TurnLease has it. */
    readonly life: string;
    readonly random: () => number;
    readonly isLeaving: () => boolean;
    /** Another node follows one that died within one and a half of it. @default 20,000 */
    readonly leaseMs?: number | undefined;
  }): NodeTurns =>
  (work) => {
    const { keyValue, senses, node, life, random, isLeaving, leaseMs = LEASE_MS } = options;
    const { clock, logger } = senses;
    const scope = { tenantId: SYSTEM_TENANT, namespace: "turns" };
    const lease = new TurnLease({ keyValue, clock, scope, key: work.key, node, life, ttlMs: leaseMs });
    return new Turn({ ...work, lease, leaseMs, clock, logger, random, isLeaving });
  };
