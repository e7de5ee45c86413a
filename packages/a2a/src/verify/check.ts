/** What a check is: one thing that A2A asks of a server, looked at from outside. */
import type { Subject, Target } from "./target.ts";

export const BINDINGS = ["JSONRPC", "HTTP+JSON", "GRPC"] as const;
export type Binding = (typeof BINDINGS)[number];

export const PROTOCOL_VERSIONS = ["1.0", "0.3"] as const;
export type ProtocolVersion = (typeof PROTOCOL_VERSIONS)[number];

export type Severity = "must" | "should" | "may";

export type Outcome =
  | { readonly result: "passed" }
  | { readonly result: "failed"; readonly seen: string; readonly expected: string }
  | { readonly result: "skipped"; readonly why: string };

export interface CheckTraits {
  /** The requirement's own id where it has one; one of ours (`AC-`) where it has none; a case of it after a slash. */
  readonly id: string;
  /** Groups the report. */
  readonly section: string;
  readonly title: string;
  readonly severity: Severity;
  /** Run once for each of these that the card names; none: once for the server. */
  readonly bindings: readonly Binding[];
  readonly versions: readonly ProtocolVersion[];
  /** At least so long, where waiting is what the check does. @default the run's */
  readonly timeoutMs?: number;
}

export interface Check extends CheckTraits {
  run(target: Target): Promise<Outcome>;
}

/** Ends a check: the server does something else than it has to. */
export class Finding extends Error {
  readonly seen: string;
  readonly expected: string;

  constructor(seen: string, expected: string) {
    super(`seen ${seen}, expected ${expected}`);
    this.name = "Finding";
    this.seen = seen;
    this.expected = expected;
  }
}

/** Ends a check without a verdict: what it needs is not there. */
export class NotCheckable extends Error {
  constructor(why: string) {
    super(why);
    this.name = "NotCheckable";
  }
}

export const found = (seen: string, expected: string): never => {
  throw new Finding(seen, expected);
};

export const skip = (why: string): never => {
  throw new NotCheckable(why);
};

export const OVER_HTTP = ["JSONRPC", "HTTP+JSON"] as const;
export const EVERYWHERE = ["JSONRPC", "HTTP+JSON", "GRPC"] as const;

/** Of a check whose section its list knows. */
export type ListedTraits = Omit<CheckTraits, "section" | "bindings" | "versions"> &
  Partial<Pick<CheckTraits, "bindings" | "versions">>;

type Body<Seen> = (target: Seen) => Promise<void> | void;

/** A check of the server as a whole. `body` returns when the server keeps the rule, and ends by `found` or `skip` otherwise. */
export const serverCheck = (traits: Omit<CheckTraits, "bindings" | "versions">, body: Body<Target>): Check => ({
  ...{ bindings: [], versions: [] },
  ...traits,
  run: (target) => outcomeOf(target, body),
});

/** The target of a check that is made at an interface. */
export type WireTarget = Target & Subject;

/** A check at each interface. @default bindings all, versions 1.0 */
export const check = (
  traits: Omit<CheckTraits, "bindings" | "versions"> & Partial<Pick<CheckTraits, "bindings" | "versions">>,
  body: Body<WireTarget>,
): Check => ({
  ...{ bindings: EVERYWHERE, versions: ["1.0"] as const },
  ...traits,
  async run(target) {
    if (target.subject === undefined) throw new TypeError(`${traits.id} is checked at an interface`);
    return outcomeOf({ ...target, ...target.subject }, body);
  },
});

const outcomeOf = async <Seen>(target: Seen, body: Body<Seen>): Promise<Outcome> => {
  try {
    await body(target);
    return { result: "passed" };
  } catch (thrown) {
    if (thrown instanceof Finding) return { result: "failed", seen: thrown.seen, expected: thrown.expected };
    if (thrown instanceof NotCheckable) return { result: "skipped", why: thrown.message };
    throw thrown;
  }
};
