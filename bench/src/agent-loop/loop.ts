/** The conversation of the agent-loop benchmarks, the same for everyone measured: a model that calls one tool again and again, then answers. */

/** Calls of the model: all but the last call the tool. */
export const TURNS = 10;
/** Calls of the model and the tool. */
export const STEPS = 2 * TURNS - 1;

export const MODEL = "small";
export const INSTRUCTIONS =
  "You look up what each part of an order costs, one after another, and then say what they cost together.";
export const QUESTION = `What do the ${TURNS - 1} parts of the order cost together?`;
export const TOOL_NAME = "price";
export const TOOL_DESCRIPTION = "What a part of the order costs";
export const ANSWER_TEXT = "The parts of the order cost 450 euros together.";

/** The tool. */
export const priceOf = ({ part }: { readonly part: number }): { readonly part: number; readonly euros: number } => ({
  part,
  euros: 10 * part,
});

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: { readonly part: number };
}

/** What the model says once it has been told so many results: a call of the tool, or null when it answers with `ANSWER_TEXT`. */
export const callAfter = (results: number): ToolCall | null =>
  results >= TURNS - 1 ? null : { id: `call-${results + 1}`, name: TOOL_NAME, input: { part: results + 1 } };

/** What a peer needs of it. */
export const loop = {
  ...{ TURNS, MODEL, INSTRUCTIONS, QUESTION, TOOL_NAME, TOOL_DESCRIPTION, ANSWER_TEXT },
  ...{ priceOf, callAfter },
};
export type Loop = typeof loop;
