export { GroupCommit, type GroupCommitOptions, type SettledResult } from "./group-commit.ts";
export { takeInTurn } from "./take-in-turn.ts";
