/** Makes this node do what was asked of it: give its tasks away and stay so, also over a restart, or take tasks again. */
import type { NodeCondition } from "@agentcore/contract";
import type { Logger } from "@agentcore/core/ports";
import type { NodeDirectory } from "@agentcore/core/registry";
import type { TaskEngine } from "@agentcore/core/tasks";
import { singleFlight } from "../single-flight.ts";

export interface DrainController {
  readonly condition: NodeCondition;
  /** Compares what is asked with what is done, and acts. Rejects with STORE_UNAVAILABLE when it cannot be known. */
  reconcile(): Promise<void>;
}

export const createDrainController = (options: {
  readonly node: string;
  readonly directory: Pick<NodeDirectory, "drainRequest">;
  readonly engine: Pick<TaskEngine, "drain" | "undrain">;
  readonly logger: Logger;
  /** The condition is another now. */
  readonly onChange: () => void;
}): DrainController => {
  const { node, directory, engine, logger, onChange } = options;
  let condition: NodeCondition = "ready";
  /** When the request that is being followed was made. */
  let followed: number | null = null;

  const become = (next: NodeCondition): void => {
    condition = next;
    onChange();
  };

  const drain = (at: number, by: string, graceMs: number): void => {
    followed = at;
    logger.log("warn", `node ${node} is drained for ${by}: its tasks go to other nodes`);
    become("draining");
    void engine.drain(graceMs).then(() => {
      // Overtaken by a later request, or taken back.
      if (followed !== at) return;
      logger.log("warn", `node ${node} is drained: it holds no task`);
      become("drained");
    });
  };

  // One at a time: an answer that comes late must not undo what a later one said.
  const reconcile = singleFlight(async () => {
    const request = await directory.drainRequest(node);
    if (request !== null && request.at !== followed) drain(request.at, request.by, request.graceMs);
    if (request === null && followed !== null) {
      followed = null;
      engine.undrain();
      logger.log("warn", `node ${node} takes tasks again`);
      become("ready");
    }
  });

  return {
    get condition() {
      return condition;
    },
    reconcile,
  };
};
