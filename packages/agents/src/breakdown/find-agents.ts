/** Who can do a part, asked of the platform's registry: it decides as a command would, and begins nothing. */
import type { AgentsFound, AgentsListed, Context, RankedAgent } from "@agentcore/sdk";
import { needOf, type Part } from "./parts.ts";

/** Hard limits on whoever does a part. */
export interface Limits {
  readonly maxLatencyMs?: number | undefined;
  readonly maxCostUsd?: number | undefined;
  readonly selector?: Readonly<Record<string, string>> | undefined;
  /** Whose tasks stand above: work never comes back to them. */
  readonly exclude: readonly string[];
}

const REGISTRY = { capability: "system.registry" } as const;
/** Those that are looked at for one part. */
const CHOICES = 5;
const SHOWN = 40;

/** Best first. `key` tells questions apart that are asked at once. */
export const findAgents = (ctx: Context, need: string, limits: Limits, key: string): Promise<AgentsFound> =>
  ctx.query<AgentsFound>(REGISTRY, { need, limit: CHOICES, ...limits, exclude: [...limits.exclude] }, { key });

/** A page of all, for whoever divides the work. */
export const listAgents = async (ctx: Context): Promise<AgentsListed["agents"]> =>
  (await ctx.query<AgentsListed>(REGISTRY, { list: true, limit: SHOWN }, { key: "all" })).agents;

export interface Staffed {
  readonly part: Part;
  readonly asked: AgentsFound;
}

export const staff = (ctx: Context, parts: readonly Part[], limits: Limits): Promise<readonly Staffed[]> =>
  Promise.all(
    parts.map(async (part) => ({ part, asked: await findAgents(ctx, needOf(part), limits, `part/${part.id}`) })),
  );

/** What is told of one agent when another is asked to choose. */
export const toldOf = ({ agent, description, skills }: Pick<RankedAgent, "agent" | "description" | "skills">) => ({
  ...{ agent, description },
  skills: skills.map(({ id }) => id),
});
