export { chooseMail } from "./choose-mail.ts";
export { matchesFilter, searchExactly } from "./exact-search.ts";
export { ExactVectors } from "./exact-vectors.ts";
export { GroupCommit, type GroupCommitOptions, type SettledResult } from "./group-commit.ts";
export { NearestList } from "./nearest-list.ts";
export { takeInTurn } from "./take-in-turn.ts";
export {
  type CheckedQuery,
  checkEntries,
  checkIds,
  checkList,
  checkQuery,
  checkScope,
  dimensionsDiffer,
} from "./vector-input.ts";
