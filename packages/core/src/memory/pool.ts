/** Which memory: an agent's own, an agent's own of one caller, or one that several share. */
import { NAME_PATTERN, PlatformError } from "@agentcore/contract";
import type { Digest } from "../ports/index.ts";

export interface Pool {
  /** `agent:NAME`, `caller:NAME/CALLER`, or the name of a MemoryPool. */
  readonly name: string;
  readonly kind: "agent" | "caller" | "shared";
  /** Whose own it is. */
  readonly agent?: string | undefined;
  /** Whom it is about. */
  readonly caller?: string | undefined;
}

export const agentPool = (agent: string): Pool => ({ name: `agent:${agent}`, kind: "agent", agent });

export const callerPool = (agent: string, caller: string): Pool => ({
  ...{ name: `caller:${agent}/${caller}`, kind: "caller" },
  ...{ agent, caller },
});

const PRIVATE = /^(agent|caller):([^/]+)(?:\/(.+))?$/su;

/** A pool by its full name. Throws INVALID_ARGUMENT. */
export const poolOf = (name: string): Pool => {
  const [, kind, agent = "", caller] = PRIVATE.exec(name) ?? [];
  if (kind === "agent" && caller === undefined && NAME_PATTERN.test(agent)) return agentPool(agent);
  if (kind === "caller" && caller !== undefined && NAME_PATTERN.test(agent)) return callerPool(agent, caller);
  if (kind === undefined && NAME_PATTERN.test(name)) return { name, kind: "shared" };
  throw new PlatformError(
    "INVALID_ARGUMENT",
    `"${name.slice(0, 100)}" is no pool; expected agent:NAME, caller:NAME/CALLER or the name of a MemoryPool`,
    { violations: [{ field: "pool", description: "expected agent:NAME, caller:NAME/CALLER or a MemoryPool's name" }] },
  );
};

/** In keys, which are not sealed: names of callers do not stand there. */
export const poolKey = (digest: Pick<Digest, "sha256">, { name }: Pool): string =>
  digest.sha256(`memory-pool/${name}`).slice(0, 32);
