import { type Detector, type Facts, note, quote } from "./facts.ts";
import { type Reading, sharesWord } from "./reading.ts";

// One aside is human; so many turns in a row that say something are another subject.
const ASTRAY = 4;
const LEAST_CONTENT = 3;
// What a subject is takes a while to show.
const LEAST_BEFORE = 4;
// A conversation of loose ideas, of which each is new, cannot come apart.
const MOST_LOOSE = 0.34;

/** The last turns share no word with the task and nothing that was said before, in a conversation whose turns did until then. */
export const derailment: Detector = (facts) => {
  const { newest } = facts;
  const all = [...facts.before, newest];
  const telling = all.filter(({ content }) => content.size >= LEAST_CONTENT);
  const astray = telling.slice(-ASTRAY);
  const [first] = astray;
  if (first === undefined || astray.length < ASTRAY || astray.at(-1) !== newest) return null;
  const earlier = all.filter(({ place }) => place < first.place);
  if (earlier.length < LEAST_BEFORE) return null;
  const known = new Set(facts.taskContent);
  for (const { content } of [...facts.opening, ...earlier]) for (const word of content) known.add(word);
  if (astray.some(({ content }) => sharesWord(content, known)) || looseShareOf(facts, earlier) > MOST_LOOSE)
    return null;
  if (!isHeld(facts, telling.slice(0, -ASTRAY))) return null;
  return note(
    facts,
    "task-derailment",
    `since turn ${first.place + 1} nothing is about the task or what was said before: ${quote(first.text)}`,
    astray.slice(0, -1).map(({ place }) => place),
  );
};

/** The last turn before it went astray was still about something: what goes on and on is told once. */
const isHeld = ({ taskContent, opening }: Facts, telling: readonly Reading[]): boolean => {
  const last = telling.at(-1);
  if (last === undefined || last.place < 2) return true;
  const known = new Set(taskContent);
  for (const { content, place } of [...opening, ...telling])
    if (place < last.place) for (const word of content) known.add(word);
  return sharesWord(last.content, known);
};

/** The share of turns that have no word in common with the task or an earlier turn; the first says what it is about. */
const looseShareOf = ({ taskContent }: Facts, turns: readonly Reading[]): number => {
  const known = new Set(taskContent);
  let loose = 0;
  for (const [index, { content }] of turns.entries()) {
    if (index > 0 && content.size >= LEAST_CONTENT && !sharesWord(content, known)) loose += 1;
    for (const word of content) known.add(word);
  }
  return loose / turns.length;
};
