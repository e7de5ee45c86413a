/** What guards a task (policies, guardrails) and what it said: recorded where it is not that all may pass, so that a replay does not look again. */

import { plainCopy } from "../payloads/plain-copy.ts";
import { assertSerialisable } from "../payloads/serialisable.ts";
import { boundedMessage } from "../payloads/serialise-error.ts";
import type { Execution } from "./execution.ts";

export interface Verdict {
  readonly choice: string;
  readonly reasons: readonly string[];
  /** JSON. */
  readonly value?: unknown;
}

/**
 * What was said under that name, or is said now. Null: it passes, of which the log says nothing. `isPast`: the log tells that it has passed, whatever
 * `judge` would say now.
 */
export const verdictOf = (
  execution: Execution,
  name: string,
  judge: () => Verdict | null,
  isPast: boolean,
): Verdict | null => {
  const mark = execution.mark("decision", name, undefined);
  // Ended, or about to be parked: what comes of it is never heard of.
  if (mark === null) return judge();
  const recorded = execution.journal.verdicts.get(mark.path);
  if (recorded !== undefined) return recorded;
  if (isPast) return null;
  const verdict = judge();
  if (verdict === null) return null;
  const { choice, value, reasons } = verdict;
  if (value !== undefined) assertSerialisable(value, `what ${name} is changed to`);
  const data = {
    ...{ path: mark.path, kind: "guard" as const, choice, scores: [] },
    // The code may change what it is handed before that is written.
    ...(value === undefined ? {} : { value: plainCopy(value) }),
    reasons: reasons.map((reason) => boundedMessage(reason)),
  };
  execution.append({ type: "decision.made", at: execution.services.senses.clock.now(), data });
  return verdict;
};
