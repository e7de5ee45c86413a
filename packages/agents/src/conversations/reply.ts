/** What a member's output means for the conversation. */
import { unfenced } from "@agentcore/sdk";
import { z } from "zod";

const MAX_STATE_CHARACTERS = 64 * 1024;

const Handoff = z.object({
  to: z.string().min(1).max(200),
  reason: z.string().max(4000).optional(),
  /** What the other should know. */
  context: z.unknown().optional(),
});
export type Handoff = z.infer<typeof Handoff>;

const Spoken = z
  .object({
    text: z.string().optional(),
    answer: z.unknown().optional(),
    handoff: Handoff.optional(),
    messages: z
      .array(z.object({ to: z.string().min(1).max(200), text: z.string().min(1) }))
      .max(50)
      .optional(),
    state: z
      .record(z.string().max(200), z.unknown())
      .refine((state) => JSON.stringify(state).length <= MAX_STATE_CHARACTERS, {
        error: `expected at most ${MAX_STATE_CHARACTERS} characters of state`,
      })
      .optional(),
    done: z.boolean().optional(),
  })
  .refine((spoken) => Object.values(spoken).some((member) => member !== undefined));

export interface Reply {
  /** As others read it. */
  readonly text: string;
  /** What the member gives as its result: its output, or the `answer` in that. */
  readonly answer: unknown;
  readonly handoff?: Handoff | undefined;
  readonly messages?: readonly { readonly to: string; readonly text: string }[] | undefined;
  readonly state?: Readonly<Record<string, unknown>> | undefined;
  readonly done?: boolean | undefined;
}

/**
 * An object with `answer`, `handoff`, `messages`, `state` or `done`, also as text in JSON, since that is what models write, says what to do; anything
 * else is the answer as it stands.
 */
export const readReply = (output: unknown): Reply => {
  const spoken = Spoken.safeParse(valueIn(output));
  if (!spoken.success) return { text: asText(output), answer: output };
  const { text, answer, handoff, messages, ...rest } = spoken.data;
  const said = text ?? (answer === undefined ? (handoff?.reason ?? "") : asText(answer));
  return { text: said, answer: answer ?? text ?? null, handoff, messages, ...rest };
};

/** An output that is JSON in a text is what that says. */
export const valueIn = (output: unknown): unknown => {
  if (typeof output !== "string") return output;
  try {
    return JSON.parse(unfenced(output));
  } catch {
    return output;
  }
};

export const asText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
