export type { RecallRequest } from "./check-memory-calls.ts";
export { embedInTime } from "./embed-in-time.ts";
export type { ForgetRule } from "./forget-rule.ts";
export { type AccessDecision, judgeAccess, type MemoryUser } from "./judge-access.ts";
export { LongTermMemory, type LongTermMemoryOptions, type MemoryOrigin } from "./long-term-memory.ts";
export { createMemoryAgent, type MemoryRequest } from "./memory-agent.ts";
export { type Pool, poolOf } from "./pool.ts";
