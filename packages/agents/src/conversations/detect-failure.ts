import type { Exchange, FailureVerdict } from "./exchange.ts";
import { announcedOther } from "./failures/announced-other.ts";
import { conversationReset } from "./failures/conversation-reset.ts";
import { derailment } from "./failures/derailment.ts";
import { endless } from "./failures/endless.ts";
import { type Detector, factsOf } from "./failures/facts.ts";
import { ignoredInput } from "./failures/ignored-input.ts";
import { lostHistory } from "./failures/lost-history.ts";
import { prematureEnd } from "./failures/premature-end.ts";
import { repeatedStep } from "./failures/repeated-step.ts";
import { role } from "./failures/role.ts";
import { taskForm } from "./failures/task-form.ts";
import { uncheckedEnd } from "./failures/unchecked-end.ts";

/** What stops comes first, then what can be read from names and numbers, then what is guessed from words. */
const DETECTORS: readonly Detector[] = [
  ...[endless, role, announcedOther, taskForm],
  ...[conversationReset, lostHistory, prematureEnd, uncheckedEnd, repeatedStep, ignoredInput, derailment],
];

/**
 * Whether the newest turn, or the end, shows a failure; to be asked after every turn, since each is told once, at the turn that shows it. Pure, no model. It
 * looks at the last 25 turns and the first two, at 4,000 characters of each, so that what it takes does not grow with the exchange; at the end it reads
 * all of it once. How well it sees which failure: docs/failure-modes.md.
 */
export const detectFailure = (exchange: Exchange): FailureVerdict | null => {
  const facts = factsOf(exchange);
  if (facts === null) return null;
  for (const detect of DETECTORS) {
    const verdict = detect(facts);
    if (verdict !== null) return verdict;
  }
  return null;
};
