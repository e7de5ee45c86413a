import { PlatformError } from "@agentcore/contract";
import type { RegistryView } from "../registry/index.ts";
import type { BusCall } from "./bus-call.ts";

const SHOWN = 5;

/** Why nobody gets the call: what was looked for, what stood in the way or what is there instead. */
export const unroutable = (registry: RegistryView, call: BusCall): PlatformError => {
  const { tenantId, target: text } = call.message;
  const out = call.decision?.filteredOut ?? [];
  const details = { target: text, reasons: call.decision?.reasons ?? [] };
  const why = `${out
    .slice(0, SHOWN)
    .map(({ agent, detail }) => `${agent} ${detail}`)
    .join("; ")}${out.length > SHOWN ? ` (and ${out.length - SHOWN} more)` : ""}`;
  const waits = out.flatMap(({ retryAfterMs }) => (retryAfterMs === undefined ? [] : [retryAfterMs]));
  if (waits.length > 0) {
    return new PlatformError("CIRCUIT_OPEN", `nobody can take ${text} now: ${why}`, {
      details,
      retryAfterMs: Math.min(...waits),
    });
  }
  if (out.some((filtered) => filtered.why === "health"))
    return new PlatformError("UNAVAILABLE", `nobody can take ${text} now: ${why}`, { details });
  if (out.length > 0 && out.every((filtered) => filtered.why === "permission")) {
    return new PlatformError("PERMISSION_DENIED", `nobody who matches ${text} may be asked: ${why}`, { details });
  }
  if (out.length > 0) return new PlatformError("NO_CANDIDATE", `nobody matches ${text}: ${why}`, { details });
  const { target, finding } = call;
  if (finding !== undefined) {
    if (finding.isPartial)
      return new PlatformError("UNAVAILABLE", `nobody is found yet for ${text}; searched ${finding.how.join("; ")}`, {
        details,
        retryAfterMs: finding.retryAfterMs ?? 1000,
      });
    const near = finding.nearest.slice(0, SHOWN);
    const there =
      near.length === 0
        ? "no agent has anything in common with it"
        : `nearest are ${near.map(({ agent, why }) => `${agent} (${why})`).join(", ")}`;
    return new PlatformError(
      "NO_CANDIDATE",
      `no agent can do what ${text} asks for; ${there}; searched ${finding.how.join("; ")}`,
      {
        details: { ...details, nearest: near },
      },
    );
  }
  if (target !== undefined && "agent" in target) {
    return new PlatformError(
      "AGENT_NOT_FOUND",
      `there is no agent "${target.agent}"; ${sample(
        "agents",
        registry.list(tenantId).map(({ name }) => name),
      )}`,
      { details },
    );
  }
  const there = sample(
    target !== undefined && "capability" in target ? "skills" : "agents",
    target !== undefined && "capability" in target
      ? registry.skillIds(tenantId)
      : registry.list(tenantId).map(({ name }) => name),
  );
  return new PlatformError("NO_CANDIDATE", `no agent matches ${text}; ${there}`, { details });
};

const sample = (what: string, names: readonly string[]): string =>
  names.length === 0
    ? `there are no ${what}`
    : `there are: ${names.toSorted().slice(0, SHOWN).join(", ")}${names.length > SHOWN ? ` and ${names.length - SHOWN} more ${what}` : ""}`;
