export { chooseMail } from "./choose-mail.ts";
export { matchesFilter, searchExactly } from "./exact-search.ts";
export { ExactVectors } from "./exact-vectors.ts";
export { GroupCommit, type GroupCommitOptions, type SettledResult } from "./group-commit.ts";
export {
  addedUp,
  type Balance,
  type LedgerRows,
  type ReservationRefusal,
  reserve,
  settle,
  settleAtHeld,
} from "./ledger-book.ts";
export {
  checkAccountQuery,
  checkAccounts,
  checkExpiry,
  checkLedgerParts,
  checkLedgerRemoval,
  checkUsageQuery,
  type LedgerParts,
  MAX_HELD_ROWS,
  MAX_USAGE_ROWS,
  tooMuchUsage,
} from "./ledger-input.ts";
export { NearestList } from "./nearest-list.ts";
export { takeInTurn } from "./take-in-turn.ts";
export {
  type CheckedQuery,
  checkEntries,
  checkIds,
  checkList,
  checkQuery,
  checkScope,
  compareIds,
  dimensionsDiffer,
} from "./vector-input.ts";
