/** Command-line coding agents as agents: a git worktree each, their work checked, collected and merged. Linux, with git. */
export { type CodingAgentOptions, codingAgent } from "./coding-agent.ts";
export type { CodingResult } from "./coding-result.ts";
export type { CodingHost } from "./coding-runtime.ts";
export { CodingShared } from "./coding-shared.ts";
export {
  DEFAULT_HOME_POLICY,
  type HomePolicy,
  type SweptHomes,
  sweepHomes,
  tenantsWithHomes,
} from "./homes/sweep-homes.ts";
