import type { NeedTarget } from "@agentcore/contract";
import type { AgentRecord } from "../registry/index.ts";
import type { Candidate } from "../routing/index.ts";
import type { Asker } from "./decider.ts";

/** Who can do what was asked for in plain words, and how that was found. */
export interface Finding {
  /** Best first, 50 at most, all of whom could do it; empty when nobody can. */
  readonly candidates: readonly Candidate[];
  /** How it was searched, in sentences: what was looked at, and what was missing for more. */
  readonly how: readonly string[];
  /** Those that come nearest to it and do not suffice, when nobody does. */
  readonly nearest: readonly NearAgent[];
  /** A model was to be asked and could not be: with it there may be more. */
  readonly isPartial: boolean;
  /** With `isPartial`: when it may be asked again. @default a second */
  readonly retryAfterMs?: number | undefined;
}

export interface NearAgent {
  readonly agent: string;
  /** What it has in common with what was asked for. */
  readonly why: string;
}

/** Finds agents of one tenant by what they say of themselves (I7). */
export interface Discovery {
  /**
   * Limits of the target are not its matter, but where a model decides: that is shown those alone whom `deciding` admits. Throws what `signal` aborts
   * with; a model that fails is told of in `how`.
   */
  find(
    tenantId: string,
    target: NeedTarget,
    options?: { readonly signal?: AbortSignal | undefined; readonly deciding?: Deciding | undefined },
  ): Promise<Finding>;
}

/** Where nobody is found, a model may choose among the nearest, if the tenant names one for it. */
export interface Deciding {
  /** Whether it may be given the work: by permission and hard limits, well or ill. */
  readonly admits: (record: AgentRecord) => boolean;
  readonly asker: Asker;
  /** Milliseconds since 1970. @default none */
  readonly deadline?: number | undefined;
}
