/** A request becomes parts: as it says itself, by whom it is given to, by a model, or by rule where it is written as a list. */
import { parseInput } from "@agentcore/contract";
import { type AgentIntroduction, asData, askFor, type Context, OUTSIDE_TEXT_RULE, opening } from "@agentcore/sdk";
import { memberOf } from "../conversations/members.ts";
import { valueIn } from "../conversations/reply.ts";
import type { Role } from "../role.ts";
import { itemsOf } from "./clauses.ts";
import { toldOf } from "./find-agents.ts";
import { type Part, type Parts, partsOf } from "./parts.ts";

export interface Divider {
  readonly maxParts: number;
  readonly decompose?: Role | undefined;
  readonly model?: string | undefined;
  readonly instructions?: string | undefined;
}

export interface Divided {
  readonly parts: readonly Part[];
  readonly by: string;
}

/** Parts that the request has itself, `{ parts: [...] }`; null when it has none. Throws INVALID_ARGUMENT when they cannot be done. */
export const givenParts = (input: unknown, maxParts: number): readonly Part[] | null =>
  typeof input === "object" && input !== null && "parts" in input
    ? parseInput(partsOf(maxParts), input, "the request").parts
    : null;

/** Null: nobody is there to divide it, and it is no list. Throws what is still wrong after one repair. */
export const divide = async (
  ctx: Context,
  request: string,
  agents: readonly AgentIntroduction[],
  divider: Divider,
): Promise<Divided | null> => {
  const { decompose, model, maxParts } = divider;
  if (decompose !== undefined)
    return { ...(await byAgent(ctx, request, agents, decompose, maxParts)), by: "by the agent that divides" };
  if (model !== undefined) return { ...(await byModel(ctx, request, agents, divider)), by: `by ${model}` };
  return byRule(request, maxParts);
};

const byRule = (request: string, maxParts: number): Divided | null => {
  const items = itemsOf(request);
  if (items.length < 2 || items.length > maxParts) return null;
  const parts = items.map(({ what, waits }, index) => ({
    ...{ id: `part${index + 1}`, what },
    dependsOn: waits && index > 0 ? [`part${index}`] : [],
  }));
  return { parts, by: "by rule: it is written as a list" };
};

const byAgent = async (
  ctx: Context,
  request: string,
  agents: readonly AgentIntroduction[],
  role: Role,
  maxParts: number,
): Promise<Parts> => {
  const { target, skill, timeoutMs } = memberOf("decompose", role);
  const ask = async (more: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const options = {
      ...(skill === undefined ? {} : { skill }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
    const said = valueIn(
      await ctx.command(target, { request, agents: agents.map(toldOf), maxParts, ...more }, options),
    );
    return Array.isArray(said) ? { parts: said } : said;
  };
  const said = await ask({});
  const first = partsOf(maxParts).safeParse(said);
  if (first.success) return first.data;
  const problems = first.error.issues
    .slice(0, MAX_PROBLEMS)
    .map(({ path, message }) => `${path.join(".")}: ${message}`);
  return parseInput(partsOf(maxParts), await ask({ refused: said, problems }), "what the request was divided into");
};

const MAX_PROBLEMS = 10;

const byModel = (
  ctx: Context,
  request: string,
  agents: readonly AgentIntroduction[],
  { model, instructions, maxParts }: Divider,
): Promise<Parts> => {
  const rules = [
    `Divide the request into parts, do none of them: as few as will do, at most ${maxParts}, each for one agent. Answer with JSON { "parts": [{ "id": "short-name", "what": what is to be done and what it should give, with all that its agent has to know of the request, "need": what an agent has to be able to do for it, in a few words, or an agent's name, "dependsOn": [ids of parts whose results it needs] }] }.`,
    OUTSIDE_TEXT_RULE,
  ];
  const there = asData("agents", JSON.stringify(agents.map(toldOf)));
  const messages = opening({ instructions, tools: [] }, `${request}\n\nAgents that there are:\n${there}`, { rules });
  return askFor(ctx, messages, partsOf(maxParts), { name: "parts", model });
};
