import type { Strategy } from "@agentcore/contract/authoring";
import { authorMistake, describe } from "../author-mistake.ts";
import { type ConverseOptions, converse } from "./converse.ts";
import { inputText, opening } from "./opening.ts";

export interface ReactOptions extends Pick<ConverseOptions<unknown>, "atLimit"> {
  /** Who follows the task sees the text as it comes. Not with an output schema. @default true */
  readonly stream?: boolean | undefined;
  /** Model calls at most; a repair of the answer comes on top. @default 10 */
  readonly maxTurns?: number | undefined;
}

/**
 * Reason and act: the model is asked, the tools that it calls are run and their results told to it, until it answers. The default of an agent with a
 * model. Its run throws what `converse` throws.
 */
export const react = ({ maxTurns = 10, atLimit, stream = true }: ReactOptions = {}): Strategy => {
  if (!Number.isInteger(maxTurns) || maxTurns < 1)
    throw authorMistake("react()", "maxTurns", `expected a whole number above 0, got ${describe(maxTurns)}`);
  return ({ model, tools, output, instructions }) =>
    (task, ctx) =>
      converse(ctx, opening({ instructions, tools }, inputText(task), { output }), {
        ...{ model, tools, output, maxTurns, atLimit, stream },
      });
};
