import { type Detector, type Facts, note, quote } from "./facts.ts";
import { isNearlySame, likeness, shareIn } from "./reading.ts";

// Before that, an opening is an opening.
const EARLIEST = 4;
const LEAST_WORDS = 5;
const LIKE_TASK = 0.6;
const TASK_IN_TEXT = 0.9;

const GREETING =
  /^\W*(?:hello|hi|hey|greetings|welcome|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|bonjour|bonsoir|bienvenue|hola|buen[oa]s (?:días|tardes|noches)|olá|bom dia|ciao|buongiorno|salve|goedendag|cześć|dzień dobry|merhaba|hej|привет|здравствуйте|こんにちは|你好|안녕하세요)/iu;
const INTRODUCTION =
  /\b(?:i am|i'm|my name is|here\.|speaking\.|introduce myself|how (?:can|may) i (?:help|assist)|what can i do for you|what (?:do you need|would you like|is the task)|describe (?:your|the) (?:problem|request|task)|ich bin|mein name ist|wie kann ich|je suis|je m'appelle|soy|me llamo|sou|sono)|меня зовут|です|我是|입니다/iu;
const RESTART =
  /\b(?:let us|let's|we (?:now )?|okay,? )\s*(?:now )?(?:start|begin)(?: (?:over|again|anew|from (?:scratch|the (?:beginning|start))))|\bstarting (?:over|again|from the beginning)|\bnew (?:session|conversation)\b|\b(?:let us|let's) (?:begin|start|get (?:started|going))\b|\bto begin with\b|\bfirst of all, the task\b/iu;

/** The conversation begins anew in its middle: its opening comes again, or a member that has long been there introduces itself, or the task is read out. */
export const conversationReset: Detector = (facts) => {
  const { newest, before } = facts;
  if (newest.place < EARLIEST) return null;
  return (
    opensAgain(facts) ??
    (before.some(({ speaker }) => speaker === newest.speaker) ? introducesAgain(facts) : null) ??
    readsTask(facts)
  );
};

const opensAgain = (facts: Facts): ReturnType<Detector> => {
  const { newest, before, opening } = facts;
  if (newest.words.length < LEAST_WORDS) return null;
  const [first] = opening;
  if (first?.speaker !== newest.speaker || !isNearlySame(first, newest, 0.8)) return null;
  // Who polls says it all the time.
  const isHabit = before.some(
    (each) => each.place > first.place && each.speaker === newest.speaker && isNearlySame(each, newest),
  );
  if (isHabit) return null;
  return note(
    facts,
    "conversation-reset",
    `${newest.speaker} opens the conversation again as in turn ${first.place + 1}: ${quote(newest.text)}`,
    [first.place],
  );
};

const introducesAgain = (facts: Facts): ReturnType<Detector> => {
  const { text, speaker } = facts.newest;
  if (!GREETING.test(text) || !INTRODUCTION.test(text)) return null;
  return note(facts, "conversation-reset", `${speaker} introduces itself, although it spoke before: ${quote(text)}`);
};

const readsTask = (facts: Facts): ReturnType<Detector> => {
  const { newest, taskWords } = facts;
  const task = new Set(taskWords);
  if (task.size < LEAST_WORDS || newest.isLong) return null;
  const isTask = likeness(newest.words, task) >= LIKE_TASK;
  const isRestart = RESTART.test(newest.text) && shareIn(task, new Set(newest.words)) >= TASK_IN_TEXT;
  if (!isTask && !isRestart) return null;
  return note(
    facts,
    "conversation-reset",
    `${newest.speaker} reads out the task as if nothing had been done: ${quote(newest.text)}`,
  );
};
