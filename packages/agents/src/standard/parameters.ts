/** What an operation of a connection agent is given by whoever asks for it. */
import { type FieldViolation, invalidArgument } from "@agentcore/contract";
import { z } from "zod";

/** What each is. @default a text that is required */
export const Parameters = z
  .record(
    z.string().regex(/^[a-zA-Z]\w{0,63}$/, { error: "expected letters and digits" }),
    z.strictObject({
      type: z.enum(["text", "number", "boolean", "json"]).default("text"),
      required: z.boolean().default(true),
    }),
  )
  .default({});
export type Parameters = z.output<typeof Parameters>;

/** `texts` are names of others that are required texts. Throws INVALID_ARGUMENT with each that is missing, is none, or does not fit. */
export const checkedParameters = (
  parameters: Parameters,
  texts: readonly string[],
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => {
  const specs = { ...Object.fromEntries(texts.map((name) => [name, undefined])), ...parameters };
  const wrong: FieldViolation[] = Object.keys(given)
    .filter((name) => !Object.hasOwn(specs, name))
    .map((name) => ({
      field: `parameters.${name}`,
      description: `is none; expected ${Object.keys(specs).join(", ") || "none"}`,
    }));
  for (const [name, spec] of Object.entries(specs)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    const { type, required } = spec ?? { type: "text", required: true };
    if (value === undefined) {
      if (required) wrong.push({ field: `parameters.${name}`, description: `expected a ${type}` });
      continue;
    }
    // A number is a text too, where it is written out.
    const fits =
      type === "json" ||
      typeof value === (type === "text" ? "string" : type) ||
      (type === "text" && typeof value === "number");
    if (!fits) wrong.push({ field: `parameters.${name}`, description: `expected a ${type}` });
  }
  if (wrong.length > 0) throw invalidArgument("the request", wrong);
  return given;
};
