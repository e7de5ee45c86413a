import { PlatformError, type WorkflowFrameState, type WorkflowState } from "@agentcore/contract";
import type { CompiledWorkflow } from "./compile-workflow.ts";

/**
 * A run that stands where this graph has nothing must not begin to take back what it did: that it cannot go on is all there is to say. Throws
 * NON_DETERMINISTIC.
 */
export const assertFits = ({ nodes }: CompiledWorkflow, { root, undo }: WorkflowState): void => {
  const wrong = (what: string) =>
    new PlatformError("NON_DETERMINISTIC", `the run's state at its last checkpoint is of another graph: ${what}`);
  const assertFrame = ({ at, fan, isWaiting }: WorkflowFrameState): void => {
    const node = nodes.get(at);
    if (node === undefined) throw wrong(`it stands at node "${at}", which there is not`);
    if (isWaiting === true && node.type !== "call")
      throw wrong(`it waits for node "${at}", which has nothing to wait for`);
    if (fan === undefined) return;
    if (node.type !== "parallel" && node.type !== "map")
      throw wrong(`it is within node "${at}", which has no branches`);
    for (const frame of fan.frames) assertFrame(frame);
  };
  assertFrame(root);
  for (const { node: id } of undo) {
    const node = nodes.get(id);
    if (node?.type !== "call" || node.undo === null) throw wrong(`it has node "${id}" to take back, which has no undo`);
  }
};
