import type { WorkflowNodeOf } from "@agentcore/contract/authoring";

/** When branches have met. */
export interface JoinRule {
  /** Branches that have to succeed before it goes on while others are under way. */
  readonly need: number | null;
  /** One branch that fails fails the whole. */
  readonly failFast: boolean;
}

export const joinRuleOf = ({ merge, until, ...join }: WorkflowNodeOf<"join">): JoinRule => {
  const need = join.need ?? (merge === "first" ? 1 : null);
  const { onFailure = need === null && until === undefined ? "fail" : "ignore" } = join;
  return { need, failFast: onFailure === "fail" };
};
