import type { AgentRecord, Replica } from "../registry/index.ts";
import type { RouteChoice, RoutingDecision } from "../routing/index.ts";
import type { Delivered } from "./delivered.ts";

/**
 * Runs the query handler of `record` on `replica`; implemented by whoever knows the agent hosts. Check `isDelivered(message,
 * record)` before author code runs (I8) and the payload against the agent's schema. `signal` aborts at the deadline and on
 * cancel; the agent's slot stays taken until the promise settles. The bus keeps this function to itself.
 */
export type QueryDelivery = (
  record: AgentRecord,
  replica: Replica,
  message: Delivered,
  signal: AbortSignal,
) => Promise<unknown>;

export interface CommandAccepted {
  readonly taskId: string;
}

/** Takes commands over as tasks; implemented by the task engine. */
export interface CommandSink {
  /**
   * Durable when it resolves (I5). Idempotent per (tenant, message id): the bus may hand the same message over again after
   * a failure it could not judge. `choice.replica` is undefined when the work waits for one.
   */
  accept(message: Delivered, choice: RouteChoice, decision: RoutingDecision): Promise<CommandAccepted>;
}

/** The ways out of the bus. */
export interface Delivery {
  readonly query: QueryDelivery;
  /** Absent on a node without a task engine: commands answer UNSUPPORTED_OPERATION. */
  readonly commands?: CommandSink | undefined;
}

/** Called once per event, in the emitter's turn; a rejected promise is logged, never the emitter's problem. */
export type EventHandler = (event: Delivered) => void | Promise<void>;
