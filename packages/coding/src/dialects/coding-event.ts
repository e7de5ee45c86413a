/** What programs tell while they work, whatever they are called there. Texts are data: they come from a model, and from what it read. */
export type CodingEvent =
  /** The program's own name for its conversation, by which it goes on with it. */
  | { readonly type: "session"; readonly id: string }
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "toolUse"; readonly tool: string; readonly about: string }
  | { readonly type: "toolResult"; readonly failed: boolean }
  | { readonly type: "usage"; readonly of: UsageScope; readonly tokens: CodingTokens }
  /** Told apart from tokens, since programs count the two over different spans. */
  | { readonly type: "cost"; readonly of: UsageScope; readonly usd: number }
  /** Something went wrong that the program may get over. */
  | { readonly type: "problem"; readonly message: string }
  /** The last word of a run. `turns`, `budget`: it was to stop there. */
  | { readonly type: "result"; readonly outcome: "done" | "turns" | "budget" | "failed"; readonly text: string };

/** What a count is of: one step of the run, the run so far, or all runs of its session so far. */
export type UsageScope = "step" | "run" | "session";

export interface CodingTokens {
  readonly inputTokens: number;
  /** Of these, those that a provider had already. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
}

export const MAX_TEXT_CHARACTERS = 16_384;
export const MAX_ABOUT_CHARACTERS = 300;

export const bounded = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)} …`;

/** With its texts changed; the name of a session is none. */
export const withTexts = (event: CodingEvent, change: (text: string) => string): CodingEvent => {
  switch (event.type) {
    case "text":
    case "result":
      return { ...event, text: change(event.text) };
    case "toolUse":
      return { ...event, tool: change(event.tool), about: change(event.about) };
    case "problem":
      return { ...event, message: change(event.message) };
    case "session":
    case "toolResult":
    case "usage":
    case "cost":
      return event;
  }
};

// It becomes a word of the next command line: nothing that a program could take for an option.
const SESSION = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}$/;

/** None for what cannot be the name of a session. */
export const sessionNamed = (id: string): readonly CodingEvent[] => (SESSION.test(id) ? [{ type: "session", id }] : []);
