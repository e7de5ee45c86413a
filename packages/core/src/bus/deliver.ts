import { PlatformError } from "@agentcore/contract";
import type { Replica } from "../registry/index.ts";
import type { RouteChoice, RoutingDecision } from "../routing/index.ts";
import type { Interceptor } from "./bus-call.ts";
import { stampForAgent, stampForSubscribers } from "./delivered.ts";
import type { Delivery } from "./delivery.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** The way out. Only here is a message stamped as delivered, and nothing outside the chain holds this stage (I8). */
export const deliver = (delivery: Delivery, subscriptions: Subscriptions): Interceptor => ({
  name: "deliver",
  intercept(call) {
    const { message } = call;
    switch (message.type) {
      case "query": {
        const { record, replica } = call.choice as RouteChoice;
        return delivery.query(record, replica as Replica, stampForAgent(message, record), call.signal as AbortSignal);
      }
      case "command": {
        const choice = call.choice as RouteChoice;
        if (delivery.commands === undefined)
          throw new PlatformError("UNSUPPORTED_OPERATION", "This node has no task engine and accepts no commands");
        return delivery.commands.accept(
          stampForAgent(message, choice.record),
          choice,
          call.decision as RoutingDecision,
        );
      }
      case "event":
        return Promise.resolve(subscriptions.publish(stampForSubscribers(message)));
      case "response":
        throw new PlatformError(
          "TARGET_UNSUPPORTED",
          "A response travels with its request and is never sent by itself",
        );
    }
  },
});
