import { PlatformError } from "@agentcore/contract";
import type { CompiledNode } from "./compile-workflow.ts";

/** An error with the node that failed; what it said of itself, as a workflow within does, stands below `cause`. */
class NodeFailure extends PlatformError {}

/** Of the node where it happened. */
export const nodeFailure = (node: CompiledNode, error: PlatformError): PlatformError => {
  // It comes from a branch or an item.
  if (error instanceof NodeFailure) return error;
  const { violations, retryAfterMs, details } = error;
  return new NodeFailure(error.code, `node ${node.id}: ${error.message}`, {
    cause: error,
    retryable: error.retryable,
    details: { node: node.id, ...(details === undefined ? {} : { cause: details }) },
    ...(violations === undefined ? {} : { violations }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
};
