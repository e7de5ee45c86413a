/** Who can do what a need says: the part of routing that has to look, and may have to ask a model. */
import { type NeedTarget, PlatformError } from "@agentcore/contract";
import type { Discovery } from "../discovery/finding.ts";
import { ruledOut } from "../routing/index.ts";
import type { Authoriser } from "./authorise.ts";
import type { BusCall } from "./bus-call.ts";
import { agentNamed, rulesOf } from "./rules-of.ts";
import type { TargetBook } from "./target-book.ts";

/** Fills in the candidates of a need. Throws TARGET_UNSUPPORTED where nobody searches. */
export type Search = (call: BusCall, target: NeedTarget) => Promise<void>;

export interface SearchParts {
  readonly targets: TargetBook;
  readonly authoriser: Authoriser;
  readonly discovery: Discovery | undefined;
}

export const createSearch =
  ({ targets, authoriser, discovery }: SearchParts): Search =>
  async (call, target) => {
    const { message, caller } = call;
    if (discovery === undefined)
      throw new PlatformError(
        "TARGET_UNSUPPORTED",
        `${message.target}: nobody here finds agents by what they can do; name an agent (agent:…) or a skill (capability:…)`,
      );
    const rules = rulesOf(call, authoriser);
    const { taskId, priority, traceparent, deadline } = message;
    call.finding = await discovery.find(message.tenantId, target, {
      signal: call.options.signal,
      deciding: {
        admits: (record) => ruledOut(record, rules) === undefined,
        asker: {
          ...{ caller: caller?.caller ?? "", agent: agentNamed(message.source) ?? "" },
          ...{ taskId, priority, traceparent },
        },
        deadline,
      },
    });
    call.candidates = targets.guarded(call.finding.candidates);
  };
