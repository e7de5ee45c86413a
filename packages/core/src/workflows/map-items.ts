/** What a map goes over. */
import { PlatformError } from "@agentcore/contract";
import type { WorkflowScope } from "@agentcore/contract/authoring";
import type { MapNode } from "./compile-workflow.ts";
import { kindOfValue } from "./kind-of-value.ts";

const MAX_ITEMS = 10_000;

/** `count`: how many there have to be, where that is known. */
export const itemsOf = (node: MapNode, scope: WorkflowScope, count: number | null): readonly unknown[] => {
  const items = node.over(scope, count);
  if (!Array.isArray(items))
    throw new PlatformError("WORKFLOW_FAILED", `over: expected a list, got ${kindOfValue(items)}`);
  if (items.length > MAX_ITEMS)
    throw new PlatformError(
      "WORKFLOW_FAILED",
      `over: ${items.length} items, ${MAX_ITEMS} are allowed; map over parts of them`,
    );
  return items as readonly unknown[];
};

/** A list that is another than before would leave items out, or do them twice. */
export const assertCount = ({ id }: MapNode, items: readonly unknown[], count: number): void => {
  if (items.length !== count)
    throw new PlatformError(
      "WORKFLOW_FAILED",
      `${id}: over gave ${count} items, and now ${items.length}; it has to be a pure function of what nodes gave`,
    );
};
