import type { Clock } from "@agentcore/core/ports";
import type { Lookup } from "@agentcore/outbound";
import { connectionOf } from "../call/connection-of.ts";
import type { TargetState } from "../choice/choose-targets.ts";
import { type ChainModel, isAlone } from "../choice/resolve-chain.ts";
import type { Environment } from "../environment.ts";
import { LocalHosts } from "../hosts/local-hosts.ts";
import { orderTargets } from "../hosts/order-targets.ts";
import {
  type EnteredTarget,
  TargetCalls,
  type TargetEntry,
  type TargetOutcome,
  type TargetWait,
} from "../hosts/target-calls.ts";
import type { ModelTarget } from "../model-target.ts";

/** What a node has seen of its targets decides whether they are asked, and which first: breakers, bounds of calls under way, health of local hosts. */
export interface TargetGuard {
  /** Asks local hosts that the chain leads to, where what is known of them is old. Rejects with the signal's reason. */
  prepare(tenantId: string, chain: ChainModel, signal: AbortSignal): Promise<void>;
  /** Whether it is asked now, and how fast it answers. */
  stateOf(tenantId: string, target: ModelTarget): TargetState;
  /** Of the targets of one model: which is to be asked first. */
  inOrder(tenantId: string, targets: readonly ModelTarget[]): readonly ModelTarget[];
  /** Counts a call as under way until `leave`. */
  enter(tenantId: string, target: ModelTarget): TargetEntry;
  leave(entry: EnteredTarget, outcome: TargetOutcome): void;
  /**
   * In line for the first of the targets that has room, which counts as entered then. Null when the time is over, or none of them is to be asked any more;
   * without targets it is a pause. Rejects with the signal's reason, and throws BULKHEAD_FULL where all lines are at their bound.
   */
  wait(tenantId: string, targets: readonly ModelTarget[], options: TargetWait): Promise<EnteredTarget | null>;
  /** Ends questions to hosts that are under way. */
  close(): void;
}

export interface TargetGuardOptions {
  readonly clock: Pick<Clock, "monotonic" | "after">;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  readonly env: Environment;
  /** Whether Model manifests may name addresses of private networks. @default false */
  readonly allowPrivate?: boolean | undefined;
  readonly lookup?: Lookup | undefined;
  /** Whether local hosts are asked how they are; a replay needs none. @default true */
  readonly asksHosts?: boolean | undefined;
}

// What hosts are compared by, where nothing is known of the answer.
const TYPICAL_OUTPUT_TOKENS = 500;

export const createTargetGuard = ({
  clock,
  random,
  env,
  allowPrivate = false,
  lookup,
  asksHosts = true,
}: TargetGuardOptions): TargetGuard => {
  const calls = new TargetCalls({ clock });
  const hosts = new LocalHosts({
    ...{ clock, lookup },
    accessOf: (target) => {
      const { baseUrl, headers, apiKey, policy } = connectionOf(target, env, allowPrivate);
      return {
        ...{ baseUrl, policy },
        headers: apiKey === undefined ? headers : { ...headers, authorization: `Bearer ${apiKey}` },
      };
    },
  });
  return {
    async prepare(tenantId, chain, signal) {
      if (!asksHosts) return;
      if (isAlone(chain)) return hosts.look(tenantId, chain.targets, { waits: "for any", signal });
      const seen = new Set<string>();
      const looks: Promise<void>[] = [];
      // Nobody waits for a host that may never be needed.
      const visit = (model: ChainModel, isFallback: boolean): void => {
        if (seen.has(model.name)) return;
        seen.add(model.name);
        const waits = isFallback ? "never" : "for unknown";
        if (model.targets.length > 0) looks.push(hosts.look(tenantId, model.targets, { waits, signal }));
        for (const { model: candidate } of model.candidates) visit(candidate, isFallback);
        for (const fallback of model.fallback) visit(fallback, true);
      };
      visit(chain, false);
      await Promise.all(looks);
    },
    stateOf(tenantId, target) {
      const view = calls.look(tenantId, target);
      const host = hosts.viewOf(tenantId, target);
      if (host.problem === undefined) return view;
      return { problem: host.problem, retryAfterMs: host.retryAfterMs, expectedMs: view.expectedMs };
    },
    inOrder: (tenantId, targets) =>
      orderTargets({
        ...{ targets, outputTokens: TYPICAL_OUTPUT_TOKENS, random: random() },
        viewOf: (target) => calls.look(tenantId, target),
        isLoaded: (target) => hosts.viewOf(tenantId, target).isLoaded,
      }),
    enter: (tenantId, target) => calls.enter(tenantId, target),
    leave(entry, outcome) {
      calls.leave(entry, outcome);
      if (outcome.outcome === "failed") hosts.doubt(entry.tenantId, entry.target);
    },
    wait: (tenantId, targets, options) => calls.wait(tenantId, targets, options),
    close: () => hosts.close(),
  };
};
