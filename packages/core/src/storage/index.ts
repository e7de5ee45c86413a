export { GroupCommit, type GroupCommitOptions, type SettledResult } from "./group-commit.ts";
