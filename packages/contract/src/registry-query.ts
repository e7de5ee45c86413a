/** What agents ask the platform's registry: `ctx.query({ capability: "system.registry" }, …)`. */
import { z } from "zod";
import { NAME_PATTERN } from "./message.ts";

const AgentName = z.string().regex(NAME_PATTERN, { error: "expected an agent's name" });
const limit = (most: number, fallback: number) => z.int().min(1).max(most).default(fallback);

const limits = {
  limit: limit(50, 10),
  /** Milliseconds, as they were measured. */
  maxLatencyMs: z.number().min(0).optional(),
  /** US dollars of a task, by what its agent declares. */
  maxCostUsd: z.number().min(0).optional(),
  /** Labels that an agent must have, all of them. */
  selector: z.record(z.string().min(1).max(63), z.string().max(63)).optional(),
  /** Agents that shall not be among them. Whoever asks never is. */
  exclude: z.array(AgentName).max(100).default([]),
};

/** Who would get such work now, in words, by skill, by name or by labels; or a page of all there are, by name. */
export const RegistryQuery = z.union(
  [
    z.strictObject({ need: z.string().trim().min(1).max(4000), ...limits }),
    z.strictObject({ capability: z.string().min(1).max(256), ...limits }),
    z.strictObject({ agent: AgentName, ...limits }),
    z.strictObject({ labels: z.record(z.string().min(1).max(63), z.string().max(63)), ...limits }),
    z.strictObject({ list: z.literal(true), limit: limit(100, 20), after: AgentName.optional() }),
  ],
  {
    error:
      "expected one of { need }, { capability }, { agent }, { labels }, with limit (1 to 50), maxLatencyMs, maxCostUsd and exclude as wanted, or { list: true }, with limit (1 to 100) and after",
  },
);
export type RegistryQuery = z.input<typeof RegistryQuery>;

/** An agent as it introduces itself: at most 20 skills, descriptions of at most 400 characters. */
export interface AgentIntroduction {
  readonly agent: string;
  readonly description: string;
  readonly skills: readonly { readonly id: string; readonly description: string }[];
  readonly labels: Readonly<Record<string, string>>;
}

/** One that would get the work, and how it scores among the others (docs/discovery.md). */
export interface RankedAgent extends AgentIntroduction {
  readonly score: number;
  readonly similarity: number;
  readonly latencyMs: number;
  readonly costUsd: number;
  readonly quality: number;
  /** How a search found it. */
  readonly why: string;
}

export interface AgentsFound {
  /** The one that would get it first. */
  readonly found: readonly RankedAgent[];
  /** One sentence each: why the first, why not the others, and how it was searched. */
  readonly reasons: readonly string[];
  /** Of a need that nobody meets: who comes nearest, and what it has in common with it. */
  readonly nearest: readonly { readonly agent: string; readonly why: string }[];
  /** A model that was to search could not be asked: with it there may be more. */
  readonly isPartial: boolean;
  /** They can do it, and none at this moment: a command would wait for the first. */
  readonly waits: boolean;
}

export interface AgentsListed {
  readonly agents: readonly AgentIntroduction[];
  /** To be given as `after` for the rest. */
  readonly nextAfter?: string;
}
