import { parseInput } from "@agentcore/contract";
import { type Guardrail, guardrail } from "@agentcore/sdk";
import { z } from "zod";

const Characters = z
  .int()
  .min(1)
  .max(16 * 1024 * 1024);

const shape = {
  /** Characters of JSON. What is larger is refused. */
  input: Characters.optional(),
  tool: Characters.optional(),
  output: Characters.optional(),
  /** Characters of a text that a tool comes to; of a longer one the rest is cut off. Of what is no text: what is larger is refused. */
  result: Characters.optional(),
};
export const sizeLimitsSchema = z
  .strictObject(shape)
  .refine((limits) => Object.values(limits).some((limit) => limit !== undefined), {
    error: "expected at least one of input, tool, result, output",
  });
export type SizeLimitsOptions = z.input<typeof sizeLimitsSchema>;

export const sizeLimits = (options: SizeLimitsOptions): Guardrail => {
  const { input, tool, output, result } = parseInput(sizeLimitsSchema, options, "the options of sizeLimits()");
  const refuse = (value: unknown, most: number | undefined) => {
    if (most === undefined) return undefined;
    const size = (JSON.stringify(value) ?? "").length;
    return size > most ? { refuse: `it has ${size} characters, ${most} are allowed` } : undefined;
  };
  return guardrail({
    name: "size-limits",
    input: (value) => refuse(value, input),
    tool: (use) => refuse(use.input, tool),
    output: (value) => refuse(value, output),
    result({ result: value }) {
      if (result === undefined || typeof value !== "string") return refuse(value, result);
      if (value.length <= result) return undefined;
      const change = `${value.slice(0, result)}\n[${value.length - result} more characters are left out]`;
      return { change, reason: `it has ${value.length} characters, ${result} are allowed` };
    },
  });
};
