import { parseInput } from "@agentcore/contract";
import { type Guardrail, guardrail } from "@agentcore/sdk";
import { z } from "zod";
import { SECRET_KINDS, type SecretKind, withoutSecrets } from "./secrets-in.ts";
import { mapTexts } from "./texts-in.ts";

const shape = {
  /** What goes: keys, tokens and passwords; numbers of cards; bank accounts; social security numbers. */
  kinds: z
    .array(z.enum(SECRET_KINDS))
    .min(1)
    .default([...SECRET_KINDS]),
  /** change: each is blanked, the rest stays; refuse: the task fails with OUTPUT_REFUSED. */
  action: z.enum(["change", "refuse"]).default("change"),
};
export const redactionSchema = z.strictObject(shape);
export type RedactionOptions = z.input<typeof redactionSchema>;

/** Takes secrets and personal numbers out of what an agent answers. One that is spelt out, or encoded, it does not know. */
export const redaction = (options: RedactionOptions = {}): Guardrail => {
  const { kinds, action } = parseInput(redactionSchema, options, "the options of redaction()");
  const wanted: ReadonlySet<SecretKind> = new Set(kinds);
  return guardrail({
    name: "redaction",
    output(value) {
      const found = new Set<SecretKind>();
      const clean = mapTexts(value, (text) => {
        const cleaned = withoutSecrets(text, wanted);
        for (const kind of cleaned.found) found.add(kind);
        return cleaned.text;
      });
      if (found.size === 0) return undefined;
      const reason = `it holds a ${[...found].join(", a ")}`;
      return action === "refuse" ? { refuse: reason } : { change: clean, reason };
    },
  });
};
