/** Whether this node takes work, and if not, why: for load balancers and probes, which present no key. */
import type { NodeCondition, PlatformError } from "@agentcore/contract";
import type { Health } from "./gateway/deps/gateway-deps.ts";

export interface HealthFacts {
  readonly phase: "starting" | "serving" | "stopping";
  readonly condition: NodeCondition;
  readonly trouble: PlatformError | null;
  readonly residentTasks: number;
}

/** Not ready while it is drained: other nodes should get the calls. It answers all the same. */
export const nodeHealth = ({ phase, condition, trouble, residentTasks }: HealthFacts): Health => {
  const state = phase === "serving" ? (trouble === null ? condition : "unavailable") : phase;
  const reason = trouble === null ? {} : { reason: { code: trouble.code, message: publicReason(trouble) } };
  return { ready: state === "ready", checks: { state, residentTasks, ...reason } };
};

/** What a database says of itself, its address among it, is for the log. */
const publicReason = ({ code, message, details }: PlatformError): string =>
  code === "CONFIG_INVALID" || details?.["reason"] === "disk full"
    ? message
    : "the store does not answer; the node's log says more";
