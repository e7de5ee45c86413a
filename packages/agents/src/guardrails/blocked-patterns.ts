import { parseInput } from "@agentcore/contract";
import { type Guardrail, guardrail } from "@agentcore/sdk";
import { z } from "zod";
import { normalText } from "./normal-text.ts";
import { valuesIn } from "./texts-in.ts";

const Patterns = z.array(z.string().min(1).max(500)).min(1).max(200);

const shape = {
  /** Texts in which `*` stands for anything, as `*drop table*`: without regard to case, to spaces, and to letters that nobody sees. */
  block: Patterns.optional(),
  /** Each text must be like one of these. */
  only: Patterns.optional(),
  /** Names of tools, in which `*` stands for anything. @default all */
  tools: z.array(z.string().min(1).max(64)).min(1).max(100).optional(),
  /** Where it looks. */
  in: z
    .array(z.enum(["input", "tool", "output"]))
    .min(1)
    .default(["tool"]),
  action: z.enum(["refuse", "ask"]).default("refuse"),
  /** Tells two of them apart. */
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,40}$/)
    .optional(),
};
export const blockedPatternsSchema = z
  .strictObject(shape)
  .refine(({ block, only }) => block !== undefined || only !== undefined, { error: "expected block, only or both" });
export type BlockedPatternsOptions = z.input<typeof blockedPatternsSchema>;

/** Refuses arguments, input or output by how they are written. */
export const blockedPatterns = (options: BlockedPatternsOptions): Guardrail => {
  const {
    block = [],
    only,
    tools,
    in: places,
    action,
    name,
  } = parseInput(blockedPatternsSchema, options, "the options of blockedPatterns()");
  const [blocked, allowed] = [block.map(read), only?.map(read)];
  const objectionTo = (value: unknown): string | null => {
    for (const text of valuesIn(value).map(read)) {
      const pattern = blocked.find((each) => isLike(each, text));
      if (pattern !== undefined) return `it is like ${pattern}`;
      if (allowed?.every((each) => !isLike(each, text)) === true) return `it is like none of ${allowed.join(", ")}`;
    }
    return null;
  };
  const refuse = (value: unknown) => {
    const why = objectionTo(value);
    return why === null ? undefined : { refuse: why };
  };
  return guardrail({
    name: name === undefined ? "blocked-patterns" : `blocked-patterns-${name}`,
    ...(places.includes("input") ? { input: refuse } : {}),
    ...(places.includes("output") ? { output: refuse } : {}),
    tool({ tool, input }) {
      if (!places.includes("tool") || tools?.every((each) => !isLike(each, tool.name)) === true) return undefined;
      const why = objectionTo(input);
      return why === null ? undefined : action === "ask" ? { ask: why } : { refuse: why };
    },
  });
};

const read = (text: string): string => normalText(text).replace(/\s+/g, " ").trim();

/** `*` stands for anything; in time that is linear in both for each star. */
const isLike = (pattern: string, text: string): boolean => {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  const until = text.length - last.length;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at === -1 || at + part.length > until) return false;
    from = at + part.length;
  }
  return true;
};
