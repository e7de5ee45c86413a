import { type Detector, note } from "./facts.ts";
import { CHECK, CHECK_WANTED } from "./phrases.ts";
import { shareIn } from "./reading.ts";

// A "thank you" after the check changes nothing; so many words may.
const LEAST_WORDS = 12;
// What was checked may be given once more as the outcome.
const SAID = 0.9;

/** At the end: whoever is there to check never spoke, or the task asks for a check and nobody speaks of one, or there is more after it. */
export const uncheckedEnd: Detector = (facts) => {
  const { exchange, newest, before } = facts;
  if (exchange.ended !== true) return null;
  const { members, turns, task } = exchange;
  const checkers = members.filter(({ name, description }) => CHECK.test(name) || CHECK.test(description));
  const isAsked = CHECK_WANTED.test(task);
  if (checkers.length === 0 && !isAsked) return null;
  const silent = checkers.find(({ name }) => !turns.some(({ speaker }) => speaker === name));
  if (silent !== undefined && exchange.allTakePart !== false)
    return note(
      facts,
      MODE,
      `it ended without a word of ${silent.name}, who is there to check: ${JSON.stringify(silent.description)}`,
    );
  if (!isAsked) return null;
  const isChecker = (name: string): boolean => checkers.some((member) => member.name === name);
  const last = turns.findLastIndex(({ speaker, text }) => isChecker(speaker) || CHECK.test(text));
  if (last < 0) return note(facts, MODE, "the task asks for a check, and nobody speaks of one");
  const isChanged =
    last < newest.place &&
    newest.words.length >= LEAST_WORDS &&
    !before.some((each) => shareIn(newest.words, new Set(each.words)) >= SAID);
  return isChanged ? note(facts, MODE, `the outcome was given after the last check, in turn ${last + 1}`) : null;
};

const MODE = "no-or-incomplete-verification";
