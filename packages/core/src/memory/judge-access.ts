/** Who may do what in a pool: nobody, unless it is the agent's own or its manifest says so. Pure. */
import type { MemoryPoolSpec, MemoryRight } from "@agentcore/contract";
import type { Pool } from "./pool.ts";

export interface MemoryUser {
  /** Absent: a person or program at a door, by itself. */
  readonly agent?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Who asked for the task, or asks. */
  readonly caller: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reasons: readonly string[];
}

/** `spec`: of the MemoryPool of that name; null where there is none. */
export const judgeAccess = (
  pool: Pool,
  spec: MemoryPoolSpec | null,
  user: MemoryUser,
  right: "read" | "write",
): AccessDecision => {
  const who = user.agent === undefined ? `caller ${user.caller}` : `agent ${user.agent}`;
  const denied = (reason: string): AccessDecision => ({ allowed: false, reasons: [reason] });
  const allowed = (reason: string): AccessDecision => ({ allowed: true, reasons: [reason] });
  switch (pool.kind) {
    case "agent":
      return user.agent === pool.agent ? allowed(`${pool.name} is its own`) : denied(`${pool.name} is not of ${who}`);
    case "caller": {
      if (user.caller !== pool.caller) return denied(`${pool.name} is of another caller than ${user.caller}`);
      // What is known of them is theirs to see.
      if (user.agent === undefined && right === "read") return allowed(`${pool.name} is about the caller`);
      return user.agent === pool.agent ? allowed(`${pool.name} is its own`) : denied(`${pool.name} is not of ${who}`);
    }
    case "shared": {
      const found = (spec?.[right] ?? []).findIndex((each) => holds(each, user));
      return found < 0
        ? denied(`MemoryPool ${pool.name} gives ${who} no right to ${right}; name it in spec.${right}`)
        : allowed(`MemoryPool ${pool.name}: spec.${right}[${found}]`);
    }
  }
};

const holds = ({ agent, labels, caller }: MemoryRight, user: MemoryUser): boolean => {
  if (caller !== undefined && caller !== "*" && caller !== user.caller) return false;
  // A right that names no agent is a caller's own.
  if (agent === undefined && labels === undefined) return user.agent === undefined;
  if (user.agent === undefined) return false;
  if (agent !== undefined && agent !== "*" && agent !== user.agent) return false;
  return Object.entries(labels ?? {}).every(([name, value]) => user.labels?.[name] === value);
};
