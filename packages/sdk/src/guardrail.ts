import type { Guardrail } from "@agentcore/contract/authoring";
import { authorMistake, describe } from "./author-mistake.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;
const PLACES = ["input", "tool", "result", "output"] as const;

/** Throws INVALID_ARGUMENT for a definition that could not work. */
export const guardrail = (options: Guardrail): Guardrail => {
  const { name } = options;
  const what = `guardrail ${typeof name === "string" ? `"${name}"` : "without a name"}`;
  if (typeof name !== "string" || !NAME.test(name))
    throw authorMistake(
      what,
      "name",
      `expected lower-case letters, digits and hyphens, at most 63, got ${describe(name)}`,
    );
  for (const field of Object.keys(options)) {
    if (field === "name") continue;
    if (!PLACES.some((place) => place === field))
      throw authorMistake(what, field, `unknown field; expected one of ${PLACES.join(", ")}`);
  }
  const given = PLACES.filter((place) => options[place] !== undefined);
  if (given.length === 0) throw authorMistake(what, "tool", `expected at least one of ${PLACES.join(", ")}`);
  for (const place of given)
    if (typeof options[place] !== "function")
      throw authorMistake(what, place, `expected a function, got ${describe(options[place])}`);
  return Object.freeze({ ...options });
};
