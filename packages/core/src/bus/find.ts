import { scoreCandidates } from "../routing/index.ts";
import type { Found } from "./bus.ts";
import type { Interceptor } from "./bus-call.ts";
import type { RouteParts } from "./route.ts";

/** The end of a chain that asks who would get a message: it decides, and hands nothing over (I8). */
export const find = ({ targets, choose, search }: Pick<RouteParts, "targets" | "choose" | "search">): Interceptor => ({
  name: "find",
  async intercept(call): Promise<Found> {
    const { message, target } = call;
    if (target !== undefined && !("topic" in target)) {
      if ("need" in target) await search(call, target);
      else call.candidates = targets.resolve(message.tenantId, message.target, target);
    }
    choose(call);
    const { decision, finding } = call;
    if (decision === undefined) throw new TypeError("a choice leaves a decision");
    const { choice, scores } = decision;
    const sole = scores.length > 0 ? [] : call.candidates.filter(({ record }) => record === choice?.record);
    return {
      decision,
      ranked: sole.length > 0 ? scoreCandidates(sole) : scores,
      nearest: finding?.nearest ?? [],
      isPartial: finding?.isPartial ?? false,
    };
  },
});
