/** What the parts came to becomes one answer: by rule where one of them is it, else by an agent, a model, or as they are. */
import { asData, type Context, converse, OUTSIDE_TEXT_RULE, opening, type Schema } from "@agentcore/sdk";
import { memberOf } from "../conversations/members.ts";
import { asText } from "../conversations/reply.ts";
import type { Role } from "../role.ts";
import { told } from "../strategies/check-strategy.ts";
import type { DonePart } from "./distribute.ts";
import type { Part } from "./parts.ts";

export interface Gatherer<Output> {
  /** @default the last part where all others lead to it, else the model, else the results as they are */
  readonly gather?: Role | "results" | undefined;
  readonly model?: string | undefined;
  readonly instructions?: string | undefined;
  readonly output?: Schema<Output> | undefined;
}

export const gather = async <Output>(
  ctx: Context,
  request: unknown,
  { parts, done }: { readonly parts: readonly Part[]; readonly done: readonly DonePart[] },
  { gather: by, model, instructions, output }: Gatherer<Output>,
): Promise<unknown> => {
  const results = Object.fromEntries(done.flatMap((part) => (part.state === "done" ? [[part.id, part.output]] : [])));
  const missing = done.flatMap(({ id, what, state, why }) => (state === "done" ? [] : [{ id, what, state, why }]));
  const decided = (choice: string, reason: string): void => {
    ctx.decide("gather", () => ({
      choice: missing.length === 0 ? choice : `${choice}, without ${missing.map(({ id }) => id).join(", ")}`,
      reasons: [reason, ...missing.map(({ id, why }) => `${id} is missing: ${why}`)],
    }));
  };
  if (by === undefined) {
    const last = missing.length === 0 ? lastOf(parts) : undefined;
    if (last !== undefined) {
      decided(last, "all other parts lead to it, so its result is the answer");
      return results[last];
    }
  }
  if (by !== undefined && by !== "results") {
    const { target, skill, timeoutMs, name } = memberOf("gather", by);
    decided(name, "an agent makes one answer of the results");
    return ctx.command(
      target,
      { request, parts: done.map(({ output: _output, ...part }) => part), results, missing },
      { ...(skill === undefined ? {} : { skill }), ...(timeoutMs === undefined ? {} : { timeoutMs }) },
    );
  }
  if (by === "results" || model === undefined) {
    decided("results", "the results as they are, by the ids of their parts");
    return results;
  }
  decided(model, "a model makes one answer of the results");
  const texts = done.map((part) =>
    part.state === "done"
      ? `${part.id} (${part.what}):\n${asData(part.agent, told(asText(part.output)))}`
      : `${part.id} (${part.what}): MISSING, ${part.why}`,
  );
  const rules = [
    "The request was divided into parts, which others have done. Answer the request from what they came to and from nothing else.",
    ...(missing.length === 0
      ? []
      : ["Parts are missing. Say plainly in the answer what is missing, and do not make it up."]),
    OUTSIDE_TEXT_RULE,
  ];
  const messages = opening({ instructions, tools: [] }, [asText(request), ...texts].join("\n\n"), { rules, output });
  return converse(ctx, messages, { model, tools: [], output, maxTurns: 1 });
};

/** The part that all others lead to, if there is one. */
const lastOf = (parts: readonly Part[]): string | undefined => {
  const needed = new Set(parts.flatMap(({ dependsOn }) => dependsOn));
  const ends = parts.filter(({ id }) => !needed.has(id));
  return ends.length === 1 ? ends[0]?.id : undefined;
};
