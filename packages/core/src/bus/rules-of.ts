import type { NeedTarget } from "@agentcore/contract";
import type { RouteConstraints, RouteRules } from "../routing/index.ts";
import type { Authoriser } from "./authorise.ts";
import type { BusCall } from "./bus-call.ts";

/** Who may have the call, by whom it is from and what it asks for. */
export const rulesOf = (call: BusCall, authoriser: Authoriser): RouteRules => {
  const { message, options, target } = call;
  const need = target !== undefined && "need" in target ? target : undefined;
  return {
    tenantId: message.tenantId,
    constraints: need === undefined ? options.constraints : withLimits(options.constraints, need),
    // Whoever cannot do it alone asks for somebody else.
    asking: need === undefined ? undefined : agentNamed(message.source),
    exclude: call.failed,
    refuse:
      authoriser.refuse === undefined
        ? undefined
        : (record) => authoriser.refuse?.(call.caller as NonNullable<BusCall["caller"]>, record),
  };
};

export const agentNamed = (source: string): string | undefined =>
  source.startsWith("agent:") ? source.slice("agent:".length) : undefined;

const withLimits = (constraints: RouteConstraints | undefined, need: NeedTarget): RouteConstraints => ({
  ...constraints,
  maxCost: least(constraints?.maxCost, need.maxCostUsd),
  maxLatencyMs: least(constraints?.maxLatencyMs, need.maxLatencyMs),
  labels: need.selector === undefined ? constraints?.labels : { ...constraints?.labels, ...need.selector },
});

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b);
