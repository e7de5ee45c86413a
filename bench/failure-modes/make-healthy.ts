/** Healthy exchanges by rule: thirteen kinds over every topic, and some long ones. */
import type { Exchange, Turn } from "@agentcore/agents";
import { half, Random, type Split, splitOf } from "./random.ts";
import { TOPICS, type Topic } from "./topics.ts";

export interface HealthyExchange {
  readonly id: string;
  readonly kind: string;
  readonly split: Split;
  readonly isWritten: boolean;
  readonly exchange: Exchange;
}

const NAMES = [
  ..."anton bea carla dmitri elif farid greta henri ines jonas kavya liam maria nadia otis petra".split(" "),
  ..."quentin rosa sven tomas uma victor wanda xenia yusuf zora".split(" "),
];

const W = {
  offer: [
    "{price} for {part}, not a cent less.",
    "I can do {part} for {price}.",
    "{price}, if {part} is taken care of by you.",
    "Make it {price} and we are close.",
    "For {price} you get {part} and the paperwork.",
    "What about {price}, paid at once?",
    "{price} is my number, with {part} included.",
    "Let us say {price} and leave {part} out.",
    "I come down to {price}.",
    "We could stretch to {price}, because of {part}.",
    "{price} would be fair for {part}.",
    "My last word on {part}: {price}.",
  ],
  settle: [
    "Agreed at {price}.",
    "{price} it is.",
    "Done, {price}.",
    "All right, {price}, let us shake hands.",
    "I accept {price}.",
    "{price}. You have a deal.",
    "Good, we take {price}.",
    "Then we write {price} into the contract.",
  ],
  finding: [
    "In section {n} you say nothing about {part}.",
    "{Part}: please give a number.",
    "I stumble over the sentence on {part} in section {n}.",
    "What you write about {part} contradicts section {n}.",
    "Section {n} is too long, shorten what concerns {part}.",
    "A source is missing where you speak of {part}.",
    "The tone about {part} is too sharp.",
    "Please move {part} before section {n}.",
    "Nobody will understand the word for {part} in section {n}.",
    "I would cut the second half of section {n}, on {part}.",
  ],
  fixed: [
    "Changed: {statement}",
    "Section {n} now reads: {statement}",
    "I have put it so: {statement}",
    "Done. It says: {statement}",
    "New wording: {statement}",
    "Right, I overlooked that. {statement}",
    "Replaced by: {statement}",
    "Now it begins with: {statement}",
  ],
  approved: [
    "I have checked it all, it is approved.",
    "Reviewed, nothing more from me: approved.",
    "Verified against the notes. Good to go.",
    "I have read it again, approved.",
    "Checked and approved.",
    "My review is done, it can go out.",
    "All findings are closed, I approve it.",
    "I tested each point, it holds.",
  ],
  passes: [
    "{passed} passed, {failed} failed",
    "{failed} failing, {passed} passing.",
    "Tests: {passed} ok, {failed} not ok.",
    "{failed} of {all} tests fail.",
    "Result: {passed}/{all}.",
    "Run finished with {failed} failures out of {all}.",
  ],
  edit: [
    "I changed {file}, line {n}: the check came too late.",
    "{file}: the loop ran once too often. Please run it again.",
    "Fixed {file}, a comparison was the wrong way round at line {n}.",
    "The default in {file} was missing. Run the tests again, please.",
    "{file} read the field before it was set; moved it to line {n}.",
    "A null slipped through in {file}. Added a guard at line {n}.",
    "Rounded in {file} only at the end now.",
    "In {file} two cases were swapped around line {n}.",
  ],
  thanks: [
    "Thank you, that helps a lot.",
    "Great, thanks!",
    "Perfect, many thanks.",
    "Thanks for the quick answer.",
    "Wonderful, thank you.",
    "Thank you, that was all.",
    "Much appreciated.",
    "Thanks, I have what I need.",
  ],
  welcome: [
    "You are welcome!",
    "My pleasure.",
    "Any time.",
    "Glad to help.",
    "Happy to be of use.",
    "No trouble at all.",
    "With pleasure.",
    "Do come back if there is more.",
  ],
  bye: [
    "Have a good day!",
    "Goodbye!",
    "See you.",
    "Bye, and good luck.",
    "Take care!",
    "Until next time.",
    "All the best!",
    "Have a nice evening.",
  ],
  noted: ["Noted.", "Ok.", "Got it.", "Written down.", "Yes.", "Next.", "Check.", "Go on."],
  progress: [
    "{n} of {all} done",
    "{n}/{all}",
    "{part}: {n} of {all}",
    "{percent} %",
    "{percent} percent, {all} in all",
    "at {n}, {left} to go",
    "{left} left",
    "{n} done, {left} open",
  ],
  ask: [
    "Is {part} ready?",
    "How far is {part}?",
    "Status of {part}?",
    "Are we there with {part}?",
    "{Part}: ready?",
    "What does {part} say?",
    "Any news of {part}?",
    "Can I have {part} now?",
  ],
  notYet: [
    "Not yet.",
    "Still working on it.",
    "No.",
    "In progress.",
    "Wait a little.",
    "Pending.",
    "Not ready.",
    "Soon.",
  ],
  ready: [
    "Ready now.",
    "Yes, it is there.",
    "Done.",
    "Finished.",
    "It is through.",
    "Complete.",
    "Here it is.",
    "You can have it.",
  ],
  idea: [
    "We could turn it round: {statement}",
    "How about this? {statement}",
    "Wild idea. {statement}",
    "And {part} as a gift for the visitors.",
    "Leave {part} out altogether.",
    "Let children decide about {part}.",
    "What if {part} were twice as large?",
    "Borrow {part} from the neighbours.",
    "Paint {part} yellow so that people talk.",
    "Rent out {part} at weekends.",
    "A competition for {part}, with a goat as the prize.",
    "Do {part} at night when nobody looks.",
    "Make a film about {part}.",
    "Sell shares in {part}.",
    "Put {part} on wheels.",
    "Ask retired engineers about {part}.",
  ],
  choose: [
    "Enough ideas, we take the one about {part}.",
    "I like the one on {part} best, let us go with that.",
    "We keep {part} and drop the rest.",
    "Two of these are worth a try, above all {part}.",
    "That is a good list. {Part} comes first.",
    "Let me sum up: {part} it is.",
    "The winner is {part}.",
    "We follow up on {part}.",
  ],
  pass: [
    "{Part} is yours, {name}: {statement}",
    "{name}, this needs you. {statement}",
    "Over to {name} because of {part}. {statement}",
    "{statement} {name}, please take {part} from here.",
    "I hand {part} over to {name}. {statement}",
    "{name} knows {part} better. {statement}",
    "Passing this to {name}: {statement}",
    "{statement} That is for {name}.",
  ],
  work: [
    "I looked into {part}. {statement}",
    "On {part}: {statement}",
    "What I found: {statement}",
    "{statement} That settles {part}.",
    "{statement}",
    "As to {part}, {statement}",
    "My part is done. {statement}",
    "For {part} this matters: {statement}",
  ],
  question: [
    "What is the {key}?",
    "Could you give me the {key}?",
    "I need the {key}, please.",
    "Which {key} do we have?",
    "Do you know the {key}?",
    "And the {key}?",
    "Please tell me the {key}.",
    "What should I put down as {key}?",
  ],
  answer: [
    "The {key} is {value}.",
    "{value}.",
    "It is {value}.",
    "{Key}: {value}.",
    "That would be {value}.",
    "{value}, as far as I know.",
    "You may write {value}.",
    "{value}, see the first page.",
  ],
  propose: [
    "I would begin with {part}. {statement}",
    "{Part} cannot wait. {statement}",
    "Who takes {part}?",
    "Let us look at {part}. {statement}",
    "Next on the list is {part}.",
    "I am worried about {part}: {statement}",
    "Can we decide on {part} today?",
    "Before I forget it: {statement}",
  ],
  agree: [
    "I agree.",
    "Fine with me.",
    "Yes, let us do that.",
    "I take it.",
    "Makes sense.",
    "No objection.",
    "Same here.",
    "Good, I am in.",
  ],
  summary: [
    "So we have it: {parts}. Thank you all.",
    "To sum up: {parts}. That was everything.",
    "In short: {parts} are settled.",
    "Outcome: {parts}, each with somebody in charge.",
    "We covered {parts}.",
    "That is the plan then: {parts}.",
    "I write down {parts} and send it round.",
    "All points are through: {parts}.",
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

type Wording = keyof typeof W;

/** Writes the turns of one exchange. */
class Scene {
  readonly random: Random;
  readonly split: Split;
  readonly topic: Topic;
  readonly turns: Turn[] = [];
  readonly names: readonly string[];
  private statements: string[];
  private parts: string[];

  constructor(kind: string, topic: Topic) {
    this.random = new Random(`healthy ${kind} ${topic.id}`);
    this.split = splitOf(topic.id);
    this.topic = topic;
    this.names = this.random.shuffled(NAMES);
    this.statements = this.random.shuffled(topic.statements);
    this.parts = this.random.shuffled(topic.parts);
  }

  name(place: number): string {
    return this.names[place] ?? "nobody";
  }

  /** Another each time, as long as there are any. */
  statement(): string {
    if (this.statements.length === 0) this.statements = this.random.shuffled(this.topic.statements);
    return this.statements.pop() ?? "";
  }

  part(): string {
    if (this.parts.length === 0) this.parts = this.random.shuffled(this.topic.parts);
    return this.parts.pop() ?? "";
  }

  words(wording: Wording, values: Readonly<Record<string, string | number>> = {}): string {
    return this.fill(this.random.pick(half(this.split, W[wording])), values);
  }

  /** One wording that stays. */
  fixed(wording: Wording): string {
    return this.random.pick(half(this.split, W[wording]));
  }

  fill(wording: string, values: Readonly<Record<string, string | number>> = {}): string {
    const part = String(values["part"] ?? (/\{part\}/i.test(wording) ? this.part() : ""));
    const all: Readonly<Record<string, string | number>> = {
      ...{ part, Part: capital(part), statement: "", n: this.random.between(1, 90), ...values },
      ...(wording.includes("{statement}") ? { statement: values["statement"] ?? this.statement() } : {}),
    };
    const text = wording.replace(/\{(\w+)\}/g, (_, name: string) => String(all[name] ?? ""));
    return capital(text);
  }

  says(place: number, text: string, to?: number): void {
    this.turns.push({ speaker: this.name(place), text, ...(to === undefined ? {} : { to: this.name(to) }) });
  }

  exchange(task: string, roles: readonly string[], more: Partial<Exchange> = {}): Exchange {
    const members = roles.map((description, place) => ({ name: this.name(place), description }));
    return { task, members, turns: this.turns, ended: true, ...more };
  }
}

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const KINDS: Readonly<Record<string, (scene: Scene) => Exchange>> = {
  negotiation: (scene) => {
    const { random } = scene;
    let low = random.between(20, 60) * 100;
    let high = low + random.between(8, 30) * 100;
    const rounds = random.between(4, 9);
    for (let round = 0; round < rounds; round++) {
      scene.says(0, scene.words("offer", { price: high }));
      scene.says(1, scene.words("offer", { price: low }));
      high -= Math.ceil((high - low) * 0.3);
      low += Math.ceil((high - low) * 0.2);
    }
    scene.says(0, scene.words("settle", { price: high }));
    scene.says(1, scene.words("settle", { price: high }));
    return scene.exchange(`Agree on what is paid for ${scene.topic.subject}.`, ["Sells the work", "Pays for the work"]);
  },
  review: (scene) => {
    scene.says(0, `Draft on ${scene.topic.subject}. ${scene.statement()} ${scene.statement()}`);
    for (let round = 0; round < scene.random.between(4, 8); round++) {
      scene.says(1, scene.words("finding"));
      scene.says(0, scene.words("fixed"));
    }
    scene.says(1, scene.words("approved"));
    return scene.exchange(`Write a paper on ${scene.topic.subject} and have it reviewed.`, [
      "Writes the paper",
      "Reviews papers",
    ]);
  },
  code: (scene) => {
    const { random } = scene;
    const all = random.between(40, 900);
    let failed = random.between(4, 9);
    const report = scene.fixed("passes");
    const file = `${scene.topic.id}-${random.pick(["read", "store", "list", "sum"])}.ts`;
    while (failed > 0) {
      scene.says(1, scene.fill(report, { all, failed, passed: all - failed }));
      scene.says(0, scene.words("edit", { file }));
      if (random.next() < 0.7) failed -= 1;
    }
    scene.says(1, scene.fill(report, { all, failed, passed: all }));
    scene.says(0, scene.words("approved"));
    return scene.exchange(`Make the tests pass of the program for ${scene.topic.subject}.`, [
      "Changes the code",
      "Runs the tests",
    ]);
  },
  closing: (scene) => {
    const [[key, value] = ["", ""]] = scene.topic.facts;
    scene.says(1, scene.words("question", { key }));
    scene.says(0, scene.words("answer", { key: key, Key: capital(key), value }));
    scene.says(1, scene.words("thanks"));
    scene.says(0, scene.words("welcome"));
    if (scene.random.next() < 0.6) scene.says(1, scene.words("bye"));
    if (scene.random.next() < 0.6) scene.says(0, scene.words("bye"));
    return scene.exchange(`Answer questions about ${scene.topic.subject}.`, ["Answers", "Asks"]);
  },
  list: (scene) => {
    const noted = scene.fixed("noted");
    for (const [place, part] of scene.topic.parts.entries()) {
      scene.says(0, `${place + 1}. ${capital(part)}`);
      scene.says(1, noted);
    }
    scene.says(0, `That was the last of ${scene.topic.parts.length}.`);
    return scene.exchange(`List what belongs to ${scene.topic.subject}.`, ["Reads out", "Writes down"]);
  },
  status: (scene) => {
    const { random } = scene;
    const all = random.between(8, 60) * 10;
    const report = scene.fixed("progress");
    const part = scene.part();
    const steps = random.between(6, 14);
    for (let step = 1; step <= steps; step++) {
      const n = Math.round((all * step) / steps);
      scene.says(0, scene.fill(report, { n, all, left: all - n, percent: Math.round((100 * step) / steps), part }));
      if (random.next() < 0.2) scene.says(1, scene.words("noted"));
    }
    scene.says(1, scene.words("thanks"));
    return scene.exchange(`Report on ${part} until it is through.`, ["Works", "Watches"]);
  },
  polling: (scene) => {
    const part = scene.part();
    const ask = scene.fill(scene.fixed("ask"), { part });
    const notYet = scene.fixed("notYet");
    for (let round = 0; round < scene.random.between(1, 3); round++) {
      scene.says(0, ask);
      scene.says(1, notYet);
    }
    for (let round = scene.random.between(1, 3); round > 0; round--) {
      scene.says(0, ask);
      scene.says(1, `${notYet} ${round * 10} minutes.`);
    }
    scene.says(0, ask);
    scene.says(1, scene.words("ready"));
    return scene.exchange(`Wait for ${part}.`, ["Waits", "Works"]);
  },
  brainstorming: (scene) => {
    for (let turn = 0; turn < scene.random.between(8, 14); turn++) scene.says(turn % 3, scene.words("idea"));
    scene.says(0, scene.words("choose"));
    return scene.exchange(`Collect ideas for ${scene.topic.subject}; anything goes.`, [
      "Leads",
      "Has ideas",
      "Has ideas",
    ]);
  },
  handoff: (scene) => {
    let holder = 0;
    for (let turn = 0; turn < scene.random.between(4, 7); turn++) {
      const next = turn % 3 === 2 ? 0 : holder === 0 ? scene.random.between(1, 2) : 0;
      const to = next === holder ? (holder + 1) % 3 : next;
      scene.says(holder, scene.words("pass", { name: scene.name(to) }), to);
      holder = to;
    }
    scene.says(holder, scene.words("work"));
    return scene.exchange(`Settle what came in about ${scene.topic.subject}.`, [
      "First contact",
      "Knows details",
      "Decides",
    ]);
  },
  crew: (scene) => {
    const wanted = scene.topic.parts.slice(0, 3);
    for (const part of wanted) scene.says(0, scene.words("work", { part }));
    const text = wanted.map((part) => `${capital(part)}: ${scene.statement()}`).join(" ");
    scene.says(1, text);
    scene.says(2, scene.words("finding", { part: wanted[1] ?? "" }));
    scene.says(1, `${text} ${scene.statement()}`);
    scene.says(2, scene.words("approved"));
    return scene.exchange(
      `Write a report on ${scene.topic.subject}: 1. ${wanted[0]}, 2. ${wanted[1]}, 3. ${wanted[2]}. Let somebody review it.`,
      ["Collects facts", "Writes the report", "Reviews the report before it goes out"],
    );
  },
  interview: (scene) => {
    for (const [key, value] of scene.topic.facts) {
      scene.says(0, scene.words("question", { key }), 1);
      scene.says(1, scene.words("answer", { key, Key: capital(key), value }), 0);
    }
    scene.says(0, scene.words("thanks"));
    return scene.exchange(`Take down what matters of ${scene.topic.subject}.`, ["Asks", "Answers"]);
  },
  planning: (scene) => {
    const parts = scene.topic.parts.slice(0, 5);
    for (const [place, part] of parts.entries()) {
      scene.says(place % 2, scene.words("propose", { part }));
      scene.says((place + 1) % 3, scene.words("agree"));
      if (scene.random.next() < 0.5) scene.says((place + 2) % 3, scene.words("agree"));
    }
    scene.says(0, scene.words("summary", { parts: parts.join(", ") }));
    return scene.exchange(`Plan the next steps of ${scene.topic.subject}.`, ["Leads", "Takes part", "Takes part"]);
  },
  formed: (scene) => {
    const form = scene.random.pick(FORMS);
    const parts = scene.topic.parts.slice(0, form.count);
    scene.says(0, scene.words("work"));
    scene.says(0, scene.words("work"));
    scene.says(1, form.good(parts, scene));
    return scene.exchange(`${form.task(scene.topic)}`, ["Knows the matter", "Writes what comes out"]);
  },
};

interface Form {
  readonly count: number;
  task(topic: Topic): string;
  good(parts: readonly string[], scene: Scene): string;
  bad(parts: readonly string[], scene: Scene): string;
}

const sentence = (parts: readonly string[], scene: Scene): string =>
  `Well, there are several things that matter here, such as ${parts.join(" and ")}. ${scene.statement()} ${scene.statement()}`;

/** Forms that a task may ask for, kept and not kept. */
export const FORMS: readonly Form[] = [
  {
    count: 3,
    task: ({ subject }) => `Name three things that matter for ${subject}. Answer in JSON.`,
    good: (parts) => JSON.stringify({ things: parts }),
    bad: sentence,
  },
  {
    count: 4,
    task: ({ subject }) => `Give exactly four bullet points on ${subject}.`,
    good: (parts) => parts.map((part) => `- ${capital(part)}`).join("\n"),
    bad: (parts) => [...parts, "the weather", "the mayor"].map((part) => `- ${capital(part)}`).join("\n"),
  },
  {
    count: 3,
    task: ({ subject }) => `List the three most urgent points of ${subject} as a numbered list.`,
    good: (parts) => parts.map((part, place) => `${place + 1}. ${capital(part)}`).join("\n"),
    bad: sentence,
  },
  {
    count: 2,
    task: ({ subject }) => `Describe ${subject} in at most 25 words.`,
    good: (parts) => `It is about ${parts.join(" and ")}, and about time.`,
    bad: (parts, scene) => `${sentence(parts, scene)} ${scene.statement()} ${scene.statement()}`,
  },
  {
    count: 2,
    task: ({ subject }) => `Is there money left for ${subject}? Answer only with yes or no.`,
    good: () => "No.",
    bad: sentence,
  },
  {
    count: 3,
    task: ({ subject }) => `Write one paragraph on ${subject}. It must mention the word "budget".`,
    good: (parts) => `The budget allows for ${parts.join(", ")}, and for nothing else this year.`,
    bad: sentence,
  },
  {
    count: 3,
    task: ({ subject }) => `Write a note on ${subject}. Do not use the word "several".`,
    good: (parts) => `Three things matter: ${parts.join(", ")}.`,
    bad: sentence,
  },
  {
    count: 2,
    task: ({ subject }) => `Write no more than two sentences on ${subject}.`,
    good: (parts, scene) => `${scene.statement()} The rest is ${parts.join(" and ")}.`,
    bad: (parts, scene) => `${sentence(parts, scene)} ${scene.statement()} ${scene.statement()}`,
  },
  {
    count: 3,
    task: ({ subject }) => `Return a Markdown table of what is open in ${subject}.`,
    good: (parts) => ["| what | open |", "| --- | --- |", ...parts.map((part) => `| ${part} | yes |`)].join("\n"),
    bad: sentence,
  },
  {
    count: 3,
    task: ({ subject }) => `Begin your report on ${subject} with the line "REPORT".`,
    good: (parts) => `REPORT\n${capital(parts.join(", "))} are in order.`,
    bad: sentence,
  },
];

const LONG_TURNS = 120;

/** Everything that a topic has, and numbers, for as long as a long day's work. */
const long = (scene: Scene): Exchange => {
  while (scene.turns.length < LONG_TURNS) {
    const speaker = scene.random.between(0, 2);
    const wording = scene.random.pick(["finding", "fixed", "propose", "work", "edit", "agree"] as const);
    const file = `${scene.topic.id}-${scene.random.between(1, 60)}.ts`;
    scene.says(speaker, `${scene.words(wording, { file })} (${scene.random.between(1, 9_999)})`);
  }
  return scene.exchange(`Work through everything that is open in ${scene.topic.subject}.`, [
    "Leads",
    "Works",
    "Works and knows the rules",
  ]);
};

export const makeHealthy = (): readonly HealthyExchange[] => {
  const made = (kind: string, topic: Topic, make: (scene: Scene) => Exchange): HealthyExchange => ({
    ...{ id: `${topic.id}-${kind}`, kind, split: splitOf(topic.id), isWritten: false },
    exchange: make(new Scene(kind, topic)),
  });
  return [
    ...Object.entries(KINDS).flatMap(([kind, make]) => TOPICS.map((topic) => made(kind, topic, make))),
    ...TOPICS.filter((_, place) => place % 2 === 0).map((topic) => made("long", topic, long)),
  ];
};

/** For what is put into an exchange. */
export const sceneOf = (kind: string, topic: Topic): Scene => new Scene(kind, topic);
export type { Scene };
