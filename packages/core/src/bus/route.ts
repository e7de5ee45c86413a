import { PlatformError } from "@agentcore/contract";
import type { AgentAnswer } from "@agentcore/contract/authoring";
import { assertSerialisable } from "../payloads/serialisable.ts";
import { serialiseError } from "../payloads/serialise-error.ts";
import type { Clock } from "../ports/index.ts";
import type { RegistryView } from "../registry/index.ts";
import { route as decide, type ScoreWeights } from "../routing/index.ts";
import type { GuardedCandidate } from "./agent-guards.ts";
import type { Authoriser } from "./authorise.ts";
import { BusCall, type Interceptor } from "./bus-call.ts";
import { Envelope } from "./delivered.ts";
import type { BusLimits } from "./limits.ts";
import type { Observe } from "./record.ts";
import { rulesOf } from "./rules-of.ts";
import type { Search } from "./search.ts";
import type { TargetBook } from "./target-book.ts";
import { unroutable } from "./unroutable.ts";

/** Decides who gets the call among `call.candidates` that have not failed it; false when nobody is left. */
export type Choose = (call: BusCall) => boolean;

export interface ChooseParts {
  readonly registry: RegistryView;
  readonly clock: Clock;
  readonly authoriser: Authoriser;
  readonly random: () => number;
  readonly weights: ScoreWeights | undefined;
}

export const createChoose =
  ({ registry, clock, authoriser, random, weights }: ChooseParts): Choose =>
  (call) => {
    const { message, options, candidates } = call;
    const decision = decide({
      ...rulesOf(call, authoriser),
      target: message.target,
      candidates,
      // The first choice is made at the start; a later one after waits.
      now: call.attempts === 0 ? call.startedAt : clock.monotonic(),
      heartbeatTimeoutMs: registry.heartbeatTimeoutMs,
      random: random(),
      weights,
      how: call.finding?.how,
      stickyKey: options.stickyKey,
      durable: message.type === "command",
    });
    const { choice } = decision;
    if (choice === undefined) {
      // On a failover the call keeps the decision for whom it tried last.
      if (call.choice === undefined) call.decision = decision;
      return false;
    }
    call.decision = decision;
    call.choice = choice;
    call.guards = guardsOf(candidates, choice.record);
    return true;
  };

const guardsOf = (
  candidates: readonly GuardedCandidate[],
  record: GuardedCandidate["record"],
): GuardedCandidate["guards"] | undefined => {
  for (const candidate of candidates) if (candidate.record === record) return candidate.guards;
  return undefined;
};

export interface RouteParts {
  readonly registry: RegistryView;
  readonly targets: TargetBook;
  readonly choose: Choose;
  readonly observe: Observe;
  readonly limits: BusLimits;
  readonly search: Search;
}

/** One call, one agent; a query to `labels:` makes one for each agent that matches. Events have no candidates. */
export const route = ({ registry, targets, choose, observe, limits, search }: RouteParts): Interceptor => ({
  name: "route",
  intercept(call, next) {
    const { message, target } = call;
    if (target === undefined || "topic" in target) return next(call);
    const chooseOrThrow = (one: BusCall): Promise<unknown> => {
      if (!choose(one)) throw unroutable(registry, one);
      return next(one);
    };
    if ("need" in target) return search(call, target).then(() => chooseOrThrow(call));
    call.candidates = targets.resolve(message.tenantId, message.target, target);
    if (!("labels" in target)) return chooseOrThrow(call);
    if (call.candidates.length === 0) throw unroutable(registry, call);
    if (call.candidates.length > limits.maxFanOut) {
      throw new PlatformError(
        "INVALID_ARGUMENT",
        `${message.target} matches ${call.candidates.length} agents, more than the ${limits.maxFanOut} one query may reach; narrow the selector`,
      );
    }
    const askOne = async (one: BusCall): Promise<unknown> => {
      const answer = await chooseOrThrow(one);
      assertSerialisable(answer, `the answer of agent ${agentOf(one)}`);
      return answer;
    };
    return Promise.all(
      call.candidates.map((candidate) => settle(memberOf(call, candidate), (one) => observe(one, askOne))),
    );
  },
});

// Each member has its own envelope, since one is stamped for one recipient, and an id of its own for the records.
const memberOf = (call: BusCall, candidate: GuardedCandidate): BusCall => {
  const { message } = call;
  const envelope = new Envelope(
    message,
    message.type,
    message.target,
    `${message.id}/${candidate.record.name}`,
    message.timestamp,
  );
  const member = new BusCall(envelope, call.options, call.startedAt, call.startedAtWall);
  member.target = call.target;
  member.caller = call.caller;
  member.candidates = [candidate];
  return member;
};

/** Of its own agent alone: what one of them throws, or answers that JSON does not keep, spoils no other answer. */
const settle = (call: BusCall, run: (call: BusCall) => Promise<unknown>): Promise<AgentAnswer> => {
  const agent = agentOf(call);
  return run(call).then(
    (value) => ({ agent, status: "fulfilled", value }) as const,
    (thrown: unknown) => ({ agent, status: "rejected", error: serialiseError(PlatformError.from(thrown)) }) as const,
  );
};

const agentOf = ({ candidates }: BusCall): string => candidates[0]?.record.name ?? "";
