import type { SandboxNetwork } from "@agentcore/contract";

/** What holds where a manifest says nothing (docs/coding-agents.md#settings). */
export const CODING_DEFAULTS = {
  maxTurns: 10,
  maxTries: 3,
  maxCostUsd: 5,
  timeoutMs: 1_800_000,
  maxOutputBytes: 64 * 2 ** 20,
  checkTimeoutMs: 600_000,
  /** Of each run of a program, and of each command. */
  sandbox: {
    network: "none" as SandboxNetwork,
    memoryBytes: 4 * 2 ** 30,
    cpuMs: 3_600_000,
    processes: 512,
    fileBytes: 2 ** 30,
  },
  author: { name: "AgentCore", email: "agentcore@localhost" },
} as const;
