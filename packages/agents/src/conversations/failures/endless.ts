/** Exchanges that go round: nothing new is said any more. The only detectors that stop one. */
import type { FailureVerdict } from "../exchange.ts";
import type { Detector, Facts } from "./facts.ts";
import { CLOSING, COMPLETION } from "./phrases.ts";
import { isNumber, type Reading } from "./reading.ts";

// Measured on the dev split of bench/failure-modes, where the longest healthy run comes to 3.
const STALE_ENOUGH = 6;
// With a cost that rises by a fifth or more over the run.
const STALE_AND_DEARER = 5;
const DEARER = 1.2;
// "Not yet", "ok" and the like are said again for good reasons; a sentence is not.
const SHORT_WORDS = 5;
const SHORT_WEIGHT = 0.5;
// Of a turn's words, that nobody had said before: below it, there is nothing new in it.
const STALE_SHARE = 0.12;
// Handed back and forth between two, each turn with little that is new.
const PING_PONG_TURNS = 8;
const PING_PONG_SHARE = 0.4;
// Nothing but thanks, goodbyes and "it is done".
const FAREWELL_TURNS = 8;
const FAREWELL_WORDS = 14;
// Who says thanks each time to one who repeats a plan is not saying goodbye.
const FAREWELL_SHARE = 0.6;

interface Told {
  readonly reading: Reading;
  /** Of its words, the share that had not been said in the window, from 0 to 1. */
  readonly newShare: number;
  readonly isStale: boolean;
}

export const endless: Detector = (facts) => overLimit(facts) ?? goesRound(facts);

const overLimit = ({ exchange, newest }: Facts): FailureVerdict | null => {
  const limit = exchange.limits?.maxTurns;
  const count = newest.place + 1;
  if (limit === undefined || count <= limit) return null;
  return {
    ...{ mode: "unaware-of-termination-conditions", severity: "stop", member: newest.speaker, turns: [newest.place] },
    reasons: [`${count} turns were taken, ${limit} are allowed`],
  };
};

const goesRound: Detector = (facts) => {
  const told = tellNews(facts);
  return runsDry(facts, told) ?? pingPong(told) ?? farewell(told);
};

const tellNews = ({ before, newest, taskWords }: Facts): readonly Told[] => {
  const said = new Set(taskWords);
  const keys = new Set<string>();
  return [...before, newest].map((reading) => {
    const distinct = new Set(reading.words);
    let fresh = 0;
    let freshNumbers = 0;
    for (const word of distinct) {
      if (said.has(word)) continue;
      fresh += 1;
      if (isNumber(word)) freshNumbers += 1;
      said.add(word);
    }
    const isRepeated = keys.has(reading.key);
    keys.add(reading.key);
    const newShare = reading.isLong ? (isRepeated ? 0 : 1) : distinct.size === 0 ? 0 : fresh / distinct.size;
    return {
      reading,
      newShare,
      isStale: isRepeated || (freshNumbers === 0 && newShare <= STALE_SHARE && !reading.isLong),
    };
  });
};

/** The newest turns of which each is so. */
const runOf = (told: readonly Told[], is: (each: Told) => boolean): readonly Told[] => {
  const last = told.findLastIndex((each) => !is(each));
  return told.slice(last + 1);
};

const runsDry = ({ exchange, newest }: Facts, told: readonly Told[]): FailureVerdict | null => {
  const run = runOf(told, ({ isStale }) => isStale);
  const weight = run.reduce(
    (sum, { reading }) => sum + (reading.words.length < SHORT_WORDS && reading.to === undefined ? SHORT_WEIGHT : 1),
    0,
  );
  const first = run[0]?.reading.place ?? newest.place;
  const rise = riseOf(exchange.costs, first, newest.place);
  if (weight < (rise >= DEARER ? STALE_AND_DEARER : STALE_ENOUGH)) return null;
  const reasons = [
    `${run.length} turns in a row said nothing that had not been said before`,
    ...(rise >= DEARER ? [`meanwhile the cost of a turn rose by ${Math.round((rise - 1) * 100)} %`] : []),
  ];
  return stop(run, reasons);
};

const riseOf = (costs: readonly number[] | undefined, from: number, to: number): number => {
  const begun = costs?.[from] ?? 0;
  return begun <= 0 ? 0 : (costs?.[to] ?? 0) / begun;
};

const pingPong = (told: readonly Told[]): FailureVerdict | null => {
  const newest = told.at(-1)?.reading;
  if (newest?.to === undefined) return null;
  let expected: Reading = newest;
  const run = runOf(told, ({ reading }) => {
    const isBack = reading === newest || (reading.to === expected.speaker && reading.speaker === expected.to);
    expected = reading;
    return isBack;
  });
  if (run.length < PING_PONG_TURNS) return null;
  const recent = run.slice(-PING_PONG_TURNS);
  const share = recent.reduce((sum, { newShare }) => sum + newShare, 0) / recent.length;
  if (share > PING_PONG_SHARE || recent.some(({ reading }) => reading.words.some(isNumber))) return null;
  return stop(recent, [
    `${newest.speaker} and ${newest.to} handed it back and forth ${run.length} times, and said little that was new`,
  ]);
};

const farewell = (told: readonly Told[]): FailureVerdict | null => {
  const run = runOf(told, isFarewell);
  if (run.length < FAREWELL_TURNS) return null;
  return stop(run, [`${run.length} turns in a row were nothing but thanks, goodbyes and "it is done"`]);
};

const isFarewell = ({ reading: { text, words } }: Told): boolean =>
  words.length <= FAREWELL_WORDS && !words.some(isNumber) && (CLOSING.test(text) || COMPLETION.test(text));

const stop = (run: readonly Told[], reasons: readonly string[]): FailureVerdict => {
  const over = run.filter(isFarewell).length;
  return {
    mode: over > FAREWELL_SHARE * run.length ? "unaware-of-termination-conditions" : "step-repetition",
    severity: "stop",
    member: run.at(-1)?.reading.speaker ?? "",
    turns: run.map(({ reading }) => reading.place),
    reasons,
  };
};
