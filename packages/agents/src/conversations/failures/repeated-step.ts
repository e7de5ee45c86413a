import { type Detector, note, quote } from "./facts.ts";

// What is shorter is said again for good reasons.
const LEAST_WORDS = 14;

/** A member says at length what it has said before. */
export const repeatedStep: Detector = (facts) => {
  const { newest, before } = facts;
  if (newest.words.length < LEAST_WORDS) return null;
  const earlier = before.findLast((each) => each.speaker === newest.speaker && each.key === newest.key);
  if (earlier === undefined) return null;
  return note(
    facts,
    "step-repetition",
    `${newest.speaker} says again what it said in turn ${earlier.place + 1}: ${quote(newest.text)}`,
    [earlier.place],
  );
};
