/** A day of questions to a company's assistant, made of a seed: the same seed gives the same day. */
import { type QuestionRow, readQuestions } from "./questions.ts";

export type AskedAs = "first or again" | "varied" | "paraphrased" | "structured" | "reasoning";

export interface WorkloadQuestion {
  readonly text: string;
  readonly askedAs: AskedAs;
  /** Of questions about a topic: what the right answer belongs to. */
  readonly topic: string | null;
}

export interface WorkloadOptions {
  readonly seed: number;
  readonly questions: number;
  /** Shares of the day; the rest is about topics. */
  readonly structured: number;
  readonly reasoning: number;
  /** Topics that people ask about, the first far oftener than the last (Zipf). */
  readonly topics: number;
  /** Shares of the questions about topics that are in other words, or written a little differently; the rest is word for word. */
  readonly paraphrased: number;
  readonly varied: number;
}

export const DAY: WorkloadOptions = {
  ...{ seed: 1, questions: 1_000, structured: 0.2, reasoning: 0.25 },
  ...{ topics: 150, paraphrased: 0.2, varied: 0.25 },
};

export const makeWorkload = (options: WorkloadOptions): readonly WorkloadQuestion[] => {
  const random = randomOf(options.seed);
  // Of the test half, on which nothing was tuned.
  const topics = shuffled(readQuestions("test"), random).slice(0, options.topics);
  const weights = topics.map((_, rank) => 1 / (rank + 1));
  return Array.from({ length: options.questions }, (_, place): WorkloadQuestion => {
    const kind = random();
    if (kind < options.structured) return { text: structured(random), askedAs: "structured", topic: null };
    if (kind < options.structured + options.reasoning)
      return { text: reasoning(place, random), askedAs: "reasoning", topic: null };
    const topic = pick(topics, weights, random);
    const form = random();
    if (form < options.paraphrased) return { text: topic.paraphrase, askedAs: "paraphrased", topic: topic.question };
    if (form < options.paraphrased + options.varied)
      return { text: varied(topic, random), askedAs: "varied", topic: topic.question };
    return { text: topic.question, askedAs: "first or again", topic: topic.question };
  });
};

export interface Order {
  readonly customer: number;
  readonly month: string;
  readonly euros: number;
}

const MONTHS = "January February March April May June July August September October November December".split(" ");

export const makeOrders = (seed: number): readonly Order[] => {
  const random = randomOf(seed);
  return Array.from({ length: 2_000 }, () => ({
    customer: 100 + Math.floor(random() * 100),
    month: MONTHS[Math.floor(random() * 12)] ?? "",
    euros: Math.floor(random() * 5_000),
  }));
};

/** What code answers from data, without a model; null for all other questions. */
export const answerFromData = (text: string, orders: readonly Order[]): string | null => {
  const asked = /^How (many orders|much) did customer (\d+) (?:place|spend) in (\w+)\?$/.exec(text);
  if (asked === null) return null;
  const [, what, customer, month] = asked;
  const found = orders.filter((order) => order.customer === Number(customer) && order.month === month);
  return what === "much" ? `${found.reduce((sum, { euros }) => sum + euros, 0)} euros` : String(found.length);
};

const structured = (random: () => number): string => {
  const [what, did] = random() < 0.5 ? ["many orders", "place"] : ["much", "spend"];
  const month = MONTHS[Math.floor(random() * 12)] ?? "";
  return `How ${what} did customer ${100 + Math.floor(random() * 100)} ${did} in ${month}?`;
};

const PLANS = [
  "opening a second warehouse",
  "moving support to four days",
  "raising prices",
  "buying the supplier",
  "a new contract",
];
const VIEWS = [
  "the risks",
  "what speaks for and against it",
  "the order of the steps",
  "the effect on cash",
  "who has to agree",
];

/** A case of its own each time, as questions to be thought about are. */
const reasoning = (place: number, random: () => number): string => {
  const of = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? "";
  const [budget, weeks] = [10 + Math.floor(random() * 900), 2 + Math.floor(random() * 50)];
  return `Case ${place}: with ${budget} thousand euros and ${weeks} weeks, think through ${of(PLANS)} and give ${of(VIEWS)}.`;
};

const varied = ({ question }: QuestionRow, random: () => number): string => {
  const forms = [
    question.toLowerCase(),
    question.replace(/[?.]$/, ""),
    `${question.toLowerCase().replace(/[?.]$/, "")} `,
    question.replaceAll(" ", "  "),
    question.toUpperCase(),
  ];
  return forms[Math.floor(random() * forms.length)] ?? question;
};

const pick = <Item>(items: readonly Item[], weights: readonly number[], random: () => number): Item => {
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, item] of items.entries()) {
    left -= weights[index] ?? 0;
    if (left <= 0) return item;
  }
  return items.at(-1) as Item;
};

const shuffled = <Item>(items: readonly Item[], random: () => number): Item[] =>
  items
    .map((item) => ({ item, place: random() }))
    .sort((left, right) => left.place - right.place)
    .map(({ item }) => item);

/** Mulberry32: small, and the same everywhere. */
const randomOf = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
};
