/** Runs what others wrote, apart from this machine. Needs Linux with bubblewrap; languages are installed beside it when they are wanted. */
export type { CodeOptions, CodeResult, HostFunction } from "./code-result.ts";
export { createSandbox, type Sandbox, type SandboxOptions } from "./create-sandbox.ts";
export type { GuestError } from "./guest/messages.ts";
export { type CodeLimits, DEFAULT_LIMITS, type EndingLimit, type SandboxLimits } from "./limits/sandbox-limits.ts";
export type { HostPolicy, NetworkOptions, RefusedHost } from "./network/start-in-network.ts";
export {
  type NodeProcess,
  type NodeProgram,
  type NodeSandbox,
  openNodeSandbox,
  type ReadOnlyMount,
} from "./open-node-sandbox.ts";
export {
  type ContainedProgram,
  openProgramSandbox,
  type ProgramProcess,
  type ProgramSandbox,
  type WritableMount,
} from "./open-program-sandbox.ts";
export { probeSandbox, type SandboxAbility } from "./probe-sandbox.ts";
export type { Ending, Usage } from "./process/start-contained.ts";
export type { BoundFolder, ProgramOptions, ProgramResult } from "./run-program.ts";
