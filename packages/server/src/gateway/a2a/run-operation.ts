import type { A2AOperationRunner } from "@agentcore/a2a/server";
import { itemsOf } from "@agentcore/core/tasks";
import { A2A_METHODS } from "./methods.ts";
import type { A2ACall, A2AOperations } from "./operations.ts";

/** The operations as one caller at one agent has them: what bindings other than JSON-RPC 1.0 and HTTP+JSON 1.0 translate to. */
export const createOperationRunner = (operations: A2AOperations, call: A2ACall): A2AOperationRunner => ({
  unary: (operation, params) => A2A_METHODS[operation].run(operations, call, params),
  async stream(operation, params) {
    const open = await A2A_METHODS[operation].run(operations, call, params);
    const frames = itemsOf(open.feed);
    const release = (): void => {
      open.release();
      // It finishes once the feed does; nobody waits for it here.
      frames.return().catch(() => {});
    };
    return { frames, release };
  },
});
