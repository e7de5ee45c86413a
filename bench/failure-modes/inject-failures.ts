/** Breaks healthy exchanges: one failure each, of a mode that can be seen without a model, at a place that is known. */

import type { Exchange, Turn } from "@agentcore/agents";
import type { FailureMode } from "@agentcore/contract";
import { capital, FORMS, type HealthyExchange, sceneOf } from "./make-healthy.ts";
import { half, Random, SPLITS, type Split, splitOf } from "./random.ts";
import { TOPICS, type Topic } from "./topics.ts";

export interface FailingExchange {
  readonly id: string;
  readonly mode: FailureMode;
  /** What it is worth: an endless exchange is to be stopped. */
  readonly severity: "stop" | "note";
  readonly split: Split;
  readonly isWritten: boolean;
  /** How it was broken. */
  readonly how: string;
  /** Place of the first turn at which a reader could say it, from 0. */
  readonly at: number;
  readonly member: string;
  readonly exchange: Exchange;
}

type Broken = Pick<FailingExchange, "severity" | "how" | "at" | "member" | "exchange">;
type Injection = (base: HealthyExchange, random: Random, split: Split) => Broken | null;

const W = {
  again: [
    "Again: {text}",
    "As I said: {text}",
    "{text} Please.",
    "Once more, {text}",
    "{text}!",
    "So: {text}",
    "Well, {text}",
    "I repeat: {text}",
  ],
  yours: [
    "This is not for me, it belongs to you.",
    "I cannot take this, please look at it yourself.",
    "That is in your hands, not in mine.",
    "Sending this back, it is your area.",
    "You are the one who has to decide this.",
    "My side is in order, so it must be yours.",
    "I return it to you, since you are responsible.",
    "No, the matter is with you.",
    "Not my table. Please go on with it.",
    "It came from you and goes back to you.",
  ],
  waiting: [
    "I am waiting for {name} before I can go on.",
    "As soon as {name} is through I will begin.",
    "Nothing can be done until {name} has answered.",
    "I need {name} to go first, then I will follow.",
    "Let {name} finish, after that I will start.",
    "I hold until {name} gives a sign.",
    "Before {name} moves I cannot move.",
    "It is up to {name}, I stand by.",
  ],
  complete: [
    "The task is complete.",
    "Everything is done, the work is finished.",
    "TERMINATE",
    "We are done here.",
    "That completes the task.",
    "All done. FINAL ANSWER given.",
    "The job is finished, nothing is left to do.",
    "Task completed.",
  ],
  thanks: [
    "Thank you!",
    "Thanks a lot!",
    "You are welcome!",
    "My pleasure!",
    "Thank you very much!",
    "Always glad to help!",
    "Thanks again!",
    "Have a great day!",
    "You too, have a great day!",
    "Goodbye!",
    "Bye, take care!",
    "It was a pleasure!",
  ],
  affirm: [
    "Yes, everything is done.",
    "Indeed, the work is finished.",
    "Correct, nothing is left to do.",
    "As we said, it is complete.",
    "I confirm that all is done.",
    "Right, the task is complete.",
    "Yes, finished.",
    "I agree, it is complete.",
  ],
  greet: [
    "Hello! I am {name}. How can I help you today?",
    "Hi, my name is {name}, what can I do for you?",
    "Welcome! I am {name}, let us get started. What is the task?",
    "Good morning, {name} here. What would you like to work on?",
    "Hello everyone, I am {name}. Let me introduce myself: {role}.",
    "Greetings! I am {name} and I will assist you. Please describe your request.",
    "Hi there! {name} speaking. What do you need?",
    "Hello, nice to meet you. I am {name}, and my role is this: {role}.",
  ],
  restart: [
    "Let us start over. Our task is: {task}",
    "Let's begin from scratch. {task}",
    "Starting from the beginning: {task}",
    "Okay, first of all, the task. {task}",
    "Let us begin. We are here for this: {task}",
    "To begin with, here is what we have to do: {task}",
    "New session. Task: {task}",
    "Right, let us get going. The assignment reads: {task}",
  ],
  reask: [
    "What is the {key}?",
    "Could somebody tell me the {key}?",
    "I still need the {key}.",
    "Please give me the {key}, nobody has told me.",
    "Which {key} was it?",
    "May I ask for the {key}?",
    "I do not have the {key} yet, can you give it to me?",
    "Before we go on, what is the {key}?",
  ],
  forgot: [
    "I have no record of our earlier conversation.",
    "I do not have any information about what was discussed before.",
    "Sorry, I cannot see any previous messages. What is this about?",
    "I am not aware of anything that was said so far.",
    "It seems that I have no context. Could you repeat everything?",
    "I don't recall what we decided, please tell me from the start.",
    "There is no history available to me, what have we done so far?",
    "I have not been given any details yet.",
  ],
  request: [
    "{name}, what do we do about {part}?",
    "{name}, can you tell me who pays for {part}?",
    "{name}, please say what you think of {part}.",
    "A question for {name}: when is {part} ready?",
    "{name}, why is {part} not in your list?",
    "What about {part}, {name}?",
    "{name}, please send me the numbers for {part}.",
    "I need an answer from {name}: is {part} safe?",
  ],
  as: [
    "As {other}, I say that this is fine.",
    "Speaking as {other}: go on.",
    "I am {other} and I approve this.",
    "In my role as {other} I decide that we go on.",
    "This is {other}. I take that over myself.",
    "I, {other}, confirm what was said.",
    "{other} here, all is well from my side.",
    "Acting as {other} now: accepted.",
  ],
  reply: [
    "Very good, go on like that.",
    "That is correct, thank you.",
    "I accept this and have nothing to add.",
    "Fine, what comes next?",
    "Yes, that is what I meant.",
    "Good work, it is approved.",
    "No, please try once more.",
    "Thank you, now do the second half.",
  ],
  announce: [
    "I hand this over to {other}.",
    "Passing this to {other} now.",
    "Transferring to {other}.",
    "{other} takes it from here.",
    "I will ask {other} to go on.",
    "Over to {other}.",
    "@{other} please continue.",
    "I am forwarding this to {other}.",
    "Next is {other}.",
    "Routing this to {other}.",
  ],
  later: [
    "Next I will take care of the rest.",
    "I will now begin with the second part.",
    "The remaining part is still to be done.",
    "I'll write up the rest in a moment.",
    "TODO: everything that concerns the end.",
    "Let me look into the rest, I will get back to you.",
    "To be continued.",
    "The last part is not finished yet.",
  ],
  openQuestion: [
    "{name}, which of the two do you prefer?",
    "Could you confirm the number, {name}?",
    "{name}, when may I count on it?",
    "Shall we take the first or the second, {name}?",
    "What is your decision, {name}?",
    "{name}, do you agree with that?",
    "Who pays for it, {name}?",
    "May I go on, {name}?",
  ],
  check: [
    "{task} The result must be reviewed before it goes out.",
    "{task} Have somebody check it.",
    "{task} Verify the outcome before you end.",
    "{task} Nothing leaves without a second pair of eyes: let a colleague proofread it.",
    "{task} Test it before you hand it in.",
    "{task} Make sure that the result is validated.",
    "{task} It has to be approved by the checker.",
    "{task} Double-check the result.",
  ],
  checker: [
    "Reviews the result before it goes out",
    "Tests what the others have made",
    "Checks facts and numbers",
    "Verifies the outcome",
    "Approves the final version",
    "Quality assurance",
    "Proofreads every text",
    "Validates results against the task",
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const saying = (
  random: Random,
  split: Split,
  wording: keyof typeof W,
  values: Readonly<Record<string, string>> = {},
): string =>
  capital(random.pick(half(split, W[wording])).replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ""));

const OTHERS: Readonly<Record<Split, readonly Topic[]>> = {
  dev: TOPICS.filter(({ id }) => splitOf(id) === "dev"),
  test: TOPICS.filter(({ id }) => splitOf(id) === "test"),
};
const otherTopic = (base: HealthyExchange, random: Random, split: Split): Topic =>
  random.pick(OTHERS[split].filter(({ id }) => !base.id.startsWith(id)));

const speakersOf = ({ turns }: Exchange): readonly string[] => [...new Set(turns.map(({ speaker }) => speaker))];
const roleOf = ({ members }: Exchange, name: string): string =>
  members.find((member) => member.name === name)?.description ?? "";
/** Without what a cut exchange has not: its end, and its costs. */
const cut = (exchange: Exchange, turns: readonly Turn[]): Exchange => ({
  task: exchange.task,
  members: exchange.members,
  turns,
});
/** Some turns of it, so that there is a middle. */
const begun = ({ turns }: Exchange, random: Random, least = 4): readonly Turn[] | null =>
  turns.length < least ? null : turns.slice(0, random.between(least, Math.min(turns.length, 12)));
const costsOf = (count: number, random: Random): readonly number[] => {
  let cost = random.between(2, 9) / 1000;
  return Array.from({ length: count }, () => (cost *= 1.05 + random.next() * 0.1));
};
const longTurn = (turns: readonly Turn[]): Turn | undefined =>
  turns.findLast(({ text }) => text.length >= 40) ?? turns.findLast(({ text }) => text.length >= 16);

const verbatim: Injection = ({ exchange }, random) => {
  const before = begun(exchange, random);
  const last = before?.at(-1);
  const cycle = random.between(1, 3);
  if (before === null || last === undefined) return null;
  const round = before.slice(-cycle);
  const more = Array.from({ length: 16 }, (_, turn) => round[turn % cycle] ?? last);
  // Seen at the earliest when the whole round has come for the third time.
  const at = before.length + 2 * cycle - 1;
  return {
    severity: "stop",
    how: `round of ${cycle}`,
    at,
    member: last.speaker,
    exchange: cut(exchange, [...before, ...more]),
  };
};

const varied: Injection = ({ exchange }, random, split) => {
  const before = begun(exchange, random);
  const said = before === null ? undefined : longTurn(before);
  const other = speakersOf(exchange).find((name) => name !== said?.speaker);
  if (before === null || said === undefined || other === undefined) return null;
  const answer = saying(random, split, "reply");
  const more = Array.from({ length: 16 }, (_, turn) =>
    turn % 2 === 0
      ? { ...said, text: saying(random, split, "again", { text: said.text }) }
      : { speaker: other, text: answer },
  );
  return {
    severity: "stop",
    how: "the same in other frames",
    at: before.length + 2,
    member: said.speaker,
    exchange: cut(exchange, [...before, ...more]),
  };
};

const pingPong: Injection = ({ exchange }, random, split) => {
  const before = begun(exchange, random, 2);
  const [one, other] = speakersOf(exchange);
  if (before === null || one === undefined || other === undefined) return null;
  const more = Array.from({ length: 16 }, (_, turn) => ({
    speaker: turn % 2 === 0 ? one : other,
    to: turn % 2 === 0 ? other : one,
    text: saying(random, split, "yours"),
  }));
  return {
    severity: "stop",
    how: "ping-pong of handoffs",
    at: before.length + 4,
    member: one,
    exchange: cut(exchange, [...before, ...more]),
  };
};

const waiting: Injection = ({ exchange }, random, split) => {
  const before = begun(exchange, random, 3);
  const [one, other] = speakersOf(exchange);
  if (before === null || one === undefined || other === undefined) return null;
  const more = Array.from({ length: 16 }, (_, turn) => ({
    speaker: turn % 2 === 0 ? one : other,
    text: saying(random, split, "waiting", { name: turn % 2 === 0 ? other : one }),
  }));
  const turns = [...before, ...more];
  const costs = costsOf(turns.length, random);
  return {
    severity: "stop",
    how: "each waits for the other, at rising cost",
    at: before.length + 4,
    member: one,
    exchange: { ...cut(exchange, turns), costs },
  };
};

const doneTwice: Injection = ({ exchange }, random) => {
  const before = begun(exchange, random, 5);
  const said = before?.slice(0, -2).findLast(({ text }) => text.length >= 50);
  if (before === null || said === undefined) return null;
  const rest = exchange.turns.slice(before.length, before.length + 2);
  return {
    severity: "note",
    how: "done a second time",
    at: before.length,
    member: said.speaker,
    exchange: cut(exchange, [...before, said, ...rest]),
  };
};

const politeForEver: Injection = ({ exchange }, random, split) => {
  const [one, other] = speakersOf(exchange);
  if (one === undefined || other === undefined || exchange.turns.length > 60) return null;
  const more = Array.from({ length: 18 }, (_, turn) => ({
    speaker: turn % 2 === 0 ? one : other,
    text: turn === 0 ? saying(random, split, "complete") : saying(random, split, "thanks"),
  }));
  const turns = [...exchange.turns, ...more];
  return {
    severity: "stop",
    how: "polite for ever",
    at: exchange.turns.length + 5,
    member: one,
    exchange: cut(exchange, turns),
  };
};

const doneForEver: Injection = ({ exchange }, random, split) => {
  const [one, other] = speakersOf(exchange);
  if (one === undefined || other === undefined || exchange.turns.length > 60) return null;
  const more = Array.from({ length: 16 }, (_, turn) => ({
    speaker: turn % 2 === 0 ? one : other,
    text: turn === 0 ? saying(random, split, "complete") : saying(random, split, "affirm"),
  }));
  const turns = [...exchange.turns, ...more];
  return {
    severity: "stop",
    how: "says for ever that it is done",
    at: exchange.turns.length + 4,
    member: one,
    exchange: cut(exchange, turns),
  };
};

const overLimit: Injection = ({ exchange }, random) => {
  if (exchange.turns.length < 6) return null;
  const maxTurns = random.between(3, exchange.turns.length - 2);
  const member = exchange.turns[maxTurns]?.speaker ?? "";
  return {
    severity: "stop",
    how: "over its limit of turns",
    at: maxTurns,
    member,
    exchange: { ...cut(exchange, exchange.turns), limits: { maxTurns } },
  };
};

const openingAgain: Injection = ({ exchange }, random) => {
  const [first] = exchange.turns;
  const before = begun(exchange, random, 6);
  if (first === undefined || before === null || first.text.length < 24) return null;
  const turns = [...before, first, ...exchange.turns.slice(1, 3)];
  return {
    severity: "note",
    how: "its first turn again",
    at: before.length,
    member: first.speaker,
    exchange: cut(exchange, turns),
  };
};

const greetsAgain: Injection = ({ exchange }, random, split) => {
  const before = begun(exchange, random, 5);
  if (before === null) return null;
  const member = random.pick(speakersOf({ ...exchange, turns: before }));
  const text = saying(random, split, "greet", { name: member, role: roleOf(exchange, member) });
  const turns = [...before, { speaker: member, text }, ...exchange.turns.slice(before.length, before.length + 2)];
  return {
    severity: "note",
    how: "introduces itself in the middle",
    at: before.length,
    member,
    exchange: cut(exchange, turns),
  };
};

const taskAgain: Injection = ({ exchange }, random, split) => {
  const before = begun(exchange, random, 5);
  if (before === null) return null;
  const member = random.pick(speakersOf({ ...exchange, turns: before }));
  const text = saying(random, split, "restart", { task: exchange.task });
  const turns = [...before, { speaker: member, text }, ...exchange.turns.slice(before.length, before.length + 2)];
  return { severity: "note", how: "begins the task anew", at: before.length, member, exchange: cut(exchange, turns) };
};

const asksAgain: Injection = ({ id, exchange }, random, split) => {
  const topic = TOPICS.find((each) => id.startsWith(`${each.id}-`));
  if (topic === undefined) return null;
  const [asker, knower] = speakersOf(exchange);
  const fact = random.pick(topic.facts);
  if (asker === undefined || knower === undefined) return null;
  const [key, value] = fact;
  const scene = sceneOf(`asks again ${exchange.turns.length}`, topic);
  const told: Turn[] = [
    { speaker: asker, text: scene.words("question", { key }) },
    { speaker: knower, text: `${capital(key)}: ${value}.` },
  ];
  const between = exchange.turns.slice(0, random.between(2, 6));
  const turns = [...told, ...between, { speaker: asker, text: saying(random, split, "reask", { key }) }];
  return {
    severity: "note",
    how: "asks for what it was told",
    at: turns.length - 1,
    member: asker,
    exchange: cut(exchange, turns),
  };
};

const forgets: Injection = ({ exchange }, random, split) => {
  const before = begun(exchange, random, 5);
  if (before === null) return null;
  const member = random.pick(speakersOf({ ...exchange, turns: before }));
  const turns = [...before, { speaker: member, text: saying(random, split, "forgot") }];
  return {
    severity: "note",
    how: "says that it knows of nothing",
    at: before.length,
    member,
    exchange: cut(exchange, turns),
  };
};

const ignores: Injection = (base, random, split) => {
  const { id, exchange } = base;
  const own = TOPICS.find((each) => id.startsWith(`${each.id}-`));
  const before = begun(exchange, random, 3);
  const [one, other] = speakersOf(exchange);
  if (own === undefined || before === null || one === undefined || other === undefined) return null;
  const [part = "", ...rest] = random.shuffled(own.parts);
  const isOwnTopic = random.next() < 0.5;
  const topic = isOwnTopic ? own : otherTopic(base, random, split);
  const about = isOwnTopic ? (rest[0] ?? "") : random.pick(topic.parts);
  const word = part.replace(/^the /, "");
  const statements = random.shuffled(topic.statements.filter((statement) => !statement.includes(word)));
  const question: Turn = { speaker: one, to: other, text: saying(random, split, "request", { name: other, part }) };
  const reply: Turn = { speaker: other, text: `${capital(about)} first. ${statements.slice(0, 2).join(" ")}` };
  const turns = [...before, question, reply];
  return {
    severity: "note",
    how: isOwnTopic ? "speaks of another part" : "speaks of something else",
    at: turns.length - 1,
    member: other,
    exchange: cut(exchange, turns),
  };
};

const derails: Injection = (base, random, split) => {
  const { exchange } = base;
  const before = begun(exchange, random, 5);
  if (before === null) return null;
  const topic = otherTopic(base, random, split);
  const scene = sceneOf(`derails ${base.id}`, topic);
  const speakers = speakersOf({ ...exchange, turns: before });
  const more = Array.from({ length: 7 }, (_, turn) => ({
    speaker: speakers[turn % speakers.length] ?? "",
    text:
      turn === 0
        ? `By the way, ${topic.subject}. ${scene.statement()}`
        : scene.words("work", { part: random.pick(topic.parts.slice(0, 3)) }),
  }));
  return {
    severity: "note",
    how: "another subject",
    at: before.length + 2,
    member: speakers[0] ?? "",
    exchange: cut(exchange, [...before, ...more]),
  };
};

const role: Injection = ({ exchange }, random, split) => {
  const before = begun(exchange, random, 3);
  const [one, other] = speakersOf(exchange);
  if (before === null || one === undefined || other === undefined) return null;
  const end = (how: string, turn: Turn, members = exchange.members): Broken => ({
    ...{ severity: "note", how, at: before.length, member: turn.speaker },
    exchange: { ...cut(exchange, [...before, turn]), members },
  });
  const stranger = random.pick(
    half(split, ["moderator", "assistant", "system", "critic", "user", "observer", "executor", "user_proxy"]),
  );
  switch (random.between(0, 4)) {
    case 0:
      return end("a stranger speaks", { speaker: stranger, text: saying(random, split, "reply") });
    case 1:
      return end("hands over to nobody", {
        speaker: one,
        to: stranger,
        text: saying(random, split, "announce", { other: stranger }),
      });
    case 2:
      return end("writes another's turn too", {
        speaker: one,
        text: `${saying(random, split, "yours")}\n${other}: ${saying(random, split, "reply")}`,
      });
    case 3:
      return end("says that it is another", { speaker: one, text: saying(random, split, "as", { other }) });
    default:
      return end(
        "hands over to whom it may not",
        { speaker: one, to: other, text: saying(random, split, "announce", { other }) },
        exchange.members.map((member) => (member.name === one ? { ...member, handsTo: [] } : member)),
      );
  }
};

const form: Injection = ({ id, kind, exchange }, random) => {
  const topic = TOPICS.find((each) => id.startsWith(`${each.id}-`));
  if (topic === undefined || kind === "long") return null;
  const asked = random.pick(FORMS);
  const scene = sceneOf(`form ${id}`, topic);
  const [one = "", other = ""] = speakersOf(exchange);
  const turns = [
    ...exchange.turns.slice(0, random.between(2, 4)),
    { speaker: one, text: scene.words("work") },
    { speaker: other, text: asked.bad(topic.parts.slice(0, asked.count), scene) },
  ];
  return {
    ...{
      severity: "note",
      how: `not: ${asked.task(topic).replace(topic.subject, "…")}`,
      at: turns.length - 1,
      member: other,
    },
    exchange: { task: asked.task(topic), members: exchange.members, turns, ended: true },
  };
};

const mismatch: Injection = ({ exchange }, random, split) => {
  const before = begun(exchange, random, 2);
  const names = exchange.members.map(({ name }) => name);
  const [one, other] = speakersOf(exchange);
  if (before === null || one === undefined || other === undefined) return null;
  const third = names.find((name) => name !== one && name !== other);
  const members =
    third === undefined ? [...exchange.members, { name: "zacharias", description: "Helps" }] : exchange.members;
  const announced = random.next() < 0.5 ? other : (third ?? "zacharias");
  const to = announced === other ? (third ?? "zacharias") : other;
  const turn: Turn = { speaker: one, to, text: saying(random, split, "announce", { other: announced }) };
  return {
    severity: "note",
    how: "announces one, hands over to another",
    at: before.length,
    member: one,
    exchange: { ...cut(exchange, [...before, turn]), members },
  };
};

const endsEarly: Injection = ({ id, kind, exchange }, random, split) => {
  const [one, other] = speakersOf(exchange);
  if (one === undefined || other === undefined || kind === "long") return null;
  const topic = TOPICS.find((each) => id.startsWith(`${each.id}-`));
  const before = exchange.turns.slice(0, Math.max(2, Math.floor(exchange.turns.length / 2)));
  const end = (how: string, turns: readonly Turn[], task = exchange.task): Broken => ({
    ...{ severity: "note", how, at: turns.length - 1, member: turns.at(-1)?.speaker ?? "" },
    exchange: { task, members: exchange.members, turns, ended: true },
  });
  switch (topic === undefined ? random.between(0, 1) : random.between(0, 2)) {
    case 0:
      return end("a question is open", [
        ...before,
        { speaker: one, to: other, text: saying(random, split, "openQuestion", { name: other }) },
      ]);
    case 1:
      return end("announces more", [
        ...before,
        { speaker: one, text: `${before.at(-1)?.text ?? ""} ${saying(random, split, "later")}` },
      ]);
    default: {
      if (topic === undefined) return null;
      const scene = sceneOf(`ends early ${id}`, topic);
      const [first = "", second = "", missing = ""] = random.shuffled(topic.parts);
      const word = missing.replace(/^the /, "");
      const plain = topic.statements.filter((statement) => !statement.includes(word));
      const turns = [
        { speaker: one, text: `${capital(first)}: ${random.pick(plain)}` },
        { speaker: other, text: scene.fill(random.pick(["Fine.", "Good.", "Right."])) },
        { speaker: one, text: `${capital(second)}: ${random.pick(plain)}` },
      ];
      return end("a part is missing", turns, `Write about ${topic.subject}: 1. ${first}, 2. ${second}, 3. ${missing}.`);
    }
  }
};

const unchecked: Injection = ({ kind, exchange }, random, split) => {
  if (kind === "long" || kind === "closing" || kind === "formed" || exchange.turns.length < 4) return null;
  // What a review said before the end of the base would be a check.
  if (/review|crew|code/.test(kind)) return null;
  const turns = exchange.turns;
  const end = (how: string, task: string, members = exchange.members): Broken => ({
    ...{ severity: "note", how, at: turns.length - 1, member: turns.at(-1)?.speaker ?? "" },
    exchange: { task, members, turns, ended: true },
  });
  if (random.next() < 0.5)
    return end("the task asks for a check", saying(random, split, "check", { task: exchange.task }));
  const checker = {
    name: random.pick(
      half(split, ["checker", "reviewer", "qa", "tester", "auditor", "proofreader", "critic", "verifier"]),
    ),
    description: saying(random, split, "checker"),
  };
  return end("who is there to check never spoke", exchange.task, [...exchange.members, checker]);
};

const INJECTIONS: Readonly<Partial<Record<FailureMode, readonly Injection[]>>> = {
  "disobey-task-specification": [form],
  "disobey-role-specification": [role],
  "step-repetition": [verbatim, varied, pingPong, waiting, doneTwice],
  "loss-of-conversation-history": [asksAgain, forgets],
  "unaware-of-termination-conditions": [politeForEver, doneForEver, overLimit],
  "conversation-reset": [openingAgain, greetsAgain, taskAgain],
  "task-derailment": [derails],
  "ignored-other-agents-input": [ignores],
  "reasoning-action-mismatch": [mismatch],
  "premature-termination": [endsEarly],
  "no-or-incomplete-verification": [unchecked],
};

// Of a mode, in each split.
const EACH = 40;

export const injectFailures = (healthy: readonly HealthyExchange[]): readonly FailingExchange[] =>
  SPLITS.flatMap((split) =>
    Object.entries(INJECTIONS).flatMap(([mode, injections]) => {
      const random = new Random(`inject ${mode} ${split}`);
      const bases = random.shuffled(healthy.filter((each) => each.split === split));
      const broken: FailingExchange[] = [];
      for (let tries = 0; broken.length < EACH; tries++) {
        const base = bases[tries % bases.length];
        const injection = injections[broken.length % injections.length];
        if (base === undefined || injection === undefined || tries > 10 * bases.length)
          throw new Error(`there is too little to break for ${mode}`);
        const failing = injection(base, random, split);
        if (failing === null) continue;
        const id = `${mode}/${base.id}/${broken.length}`;
        broken.push({ id, mode: mode as FailureMode, split, isWritten: false, ...failing });
      }
      return broken;
    }),
  );
