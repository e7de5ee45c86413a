/** What the events of one run come to: the same events give the same, however they were cut into batches. */
import { bounded, type CodingEvent, type CodingTokens, MAX_TEXT_CHARACTERS, type UsageScope } from "./coding-event.ts";

/** US dollars are null where the program does not tell. */
export interface Spent extends CodingTokens {
  readonly costUsd: number | null;
}

export interface RunSummary {
  readonly session: string | null;
  /** Times that the model has answered. */
  readonly turns: number;
  /** Of the run alone. */
  readonly spent: Spent;
  readonly result: Extract<CodingEvent, { type: "result" }> | null;
  /** The last that it said. */
  readonly text: string;
  /** The last thing that went wrong. */
  readonly problem: string;
}

export const NOTHING_SPENT: Spent = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, costUsd: null };

export class RunTally {
  /** Of the session before this run. */
  private readonly before: Spent;
  private session: string | null = null;
  private turns = 0;
  private isInTurn = false;
  private isSaying = false;
  private tokens: CodingTokens = NOTHING_SPENT;
  private costUsd: number | null = null;
  private result: RunSummary["result"] = null;
  private said = "";
  private problem = "";

  constructor(before: Spent = NOTHING_SPENT) {
    this.before = before;
  }

  get turnCount(): number {
    return this.turns;
  }

  note(event: CodingEvent): void {
    switch (event.type) {
      case "session":
        this.session = event.id;
        return;
      case "text":
        // Pieces of one answer follow each other.
        this.said = bounded(this.isSaying ? this.said + event.text : event.text, MAX_TEXT_CHARACTERS);
        return this.enterTurn(true);
      case "toolUse":
        return this.enterTurn(false);
      case "toolResult":
        this.isSaying = false;
        this.isInTurn = false;
        return;
      case "usage":
        this.tokens = mapTokens((name) => counted(event.of, this.tokens[name], event.tokens[name], this.before[name]));
        return;
      case "cost":
        this.costUsd = counted(event.of, this.costUsd ?? 0, event.usd, this.before.costUsd ?? 0);
        return;
      case "problem":
        this.problem = event.message;
        return;
      case "result":
        this.result = event;
    }
  }

  /** What is said and done before a tool's result comes back is one turn. */
  private enterTurn(isSaying: boolean): void {
    if (!this.isInTurn) this.turns += 1;
    this.isInTurn = true;
    this.isSaying = isSaying;
  }

  get summary(): RunSummary {
    const { session, turns, tokens, costUsd, result, problem } = this;
    const text = result?.outcome === "done" && result.text !== "" ? result.text : this.said;
    const { inputTokens, cachedInputTokens, outputTokens } = tokens;
    return {
      ...{ session, turns, result, text, problem },
      spent: { inputTokens, cachedInputTokens, outputTokens, costUsd },
    };
  }
}

export const addSpent = (one: Spent, other: Spent): Spent => ({
  ...mapTokens((name) => one[name] + other[name]),
  costUsd: one.costUsd === null && other.costUsd === null ? null : (one.costUsd ?? 0) + (other.costUsd ?? 0),
});

const mapTokens = (value: (name: keyof CodingTokens) => number): CodingTokens => ({
  inputTokens: value("inputTokens"),
  cachedInputTokens: value("cachedInputTokens"),
  outputTokens: value("outputTokens"),
});

/** What the run has come to, of a number that may be of more or less than the run. */
const counted = (of: UsageScope, sofar: number, told: number, before: number): number => {
  switch (of) {
    case "step":
      return sofar + told;
    case "run":
      return told;
    case "session":
      return Math.max(0, told - before);
  }
};
