/**
 * Servers of tools may ask a person before they go on with a call: the task asks for them, which may take days and a few lives, and makes the call again with the
 * answers. No connection is held meanwhile: where a call stands, the server hands over with its questions.
 */
import { PlatformError } from "@agentcore/contract";
import type { Context, ToolContext } from "@agentcore/contract/authoring";
import type { FormReply, ToolAnswers, ToolQuestion } from "../ports/index.ts";
import { formReply } from "./form-reply.ts";

/** Of what a declared tool is called with. */
export const ANSWERS = Symbol("answers");
export interface AnsweredContext extends ToolContext {
  readonly [ANSWERS]?: ToolAnswers | undefined;
}

// A server that asks again and again would have somebody asked for ever.
const MAX_ROUNDS = 10;

interface AskingCall<Result> {
  /** A name that no other call under way has. */
  readonly what: string;
  /** Of the code: with it nobody is asked any more. */
  readonly signal: AbortSignal | undefined;
  readonly make: (answers: ToolAnswers | undefined) => Promise<Result>;
}

/** Throws INPUT_REQUIRED for a server that never stops to ask, CANCELED when the code wants no answer any more. */
export const untilAnswered = async <Result>(
  calls: () => Pick<Context, "waitForInput">,
  { what, signal, make }: AskingCall<Result>,
): Promise<Result> => {
  let answers: ToolAnswers | undefined;
  for (let rounds = 0; ; rounds++) {
    try {
      return await make(answers);
    } catch (error) {
      const question = questionIn(error);
      if (question === null || rounds === MAX_ROUNDS) throw error;
      answers = await ask(calls(), { what, signal }, question);
    }
  }
};

const ANSWERED_BY =
  'data that fits the form, or "decline" or "cancel"; no password or other secret, which no server may ask for';

// Those that break lines, and what moves a cursor, hides or turns text around.
const LINE_ENDS = /\r\n|[\r\n\v\f\u0085\u2028\u2029]/;
const UNSEEN = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** A line of its own would look as if somebody else said it. */
const quoted = (message: string): string =>
  message
    .split(LINE_ENDS)
    .map((line) => line.replace(UNSEEN, ""))
    .join("\n> ");

const ask = async (
  { waitForInput }: Pick<Context, "waitForInput">,
  { what, signal }: Pick<AskingCall<unknown>, "what" | "signal">,
  { manifest, forms, state }: ToolQuestion,
): Promise<ToolAnswers> => {
  const replies: [id: string, reply: FormReply][] = [];
  for (const [index, { id, message, form }] of forms.entries())
    replies.push([
      id,
      await waitForInput({
        prompt: `The tools "${manifest}" ask: ${quoted(message)}`,
        data: { form, answers: ANSWERED_BY },
        schema: formReply(form),
        key: `${what}/${index}`,
        ...(signal === undefined ? {} : { signal }),
      }),
    ]);
  // Whatever a server calls its forms, `__proto__` too.
  return { replies: Object.fromEntries(replies), ...(state === undefined ? {} : { state }) };
};

/** Of an error that asks, also one that a log has told. */
const questionIn = (error: unknown): ToolQuestion | null =>
  PlatformError.is(error) && error.code === "INPUT_REQUIRED"
    ? ((error.details?.["question"] as ToolQuestion | undefined) ?? null)
    : null;
