import type { NodeStatus } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";

/** The nodes that share a store. Whoever asks sees the agents of their tenant only (I7). */
export interface NodeService {
  list(tenantId: string): Promise<readonly NodeStatus[]>;
  /** Throws NOT_FOUND. */
  get(tenantId: string, name: string): Promise<NodeStatus>;
  /** Resolves when the node will hear of it, with the node as it is now. Throws NOT_FOUND. */
  drain(scope: CallerScope, name: string, graceMs: number): Promise<NodeStatus>;
  /** Throws NOT_FOUND when there is neither such a node nor a request to drain it. */
  undrain(tenantId: string, name: string): Promise<void>;
}
