/** What callers give a Ledger, checked once for every adapter, and copied field by field. */
import { PlatformError } from "@agentcore/contract/errors";
import type {
  AccountQuery,
  LedgerAmount,
  LedgerRemoval,
  Reservation,
  Settlement,
  UsageCounts,
  UsageQuery,
  UsageRecord,
} from "../ports/ledger.ts";
import type { CommitUnit, StoredEvent } from "../ports/task-store.ts";

const MAX_NAME_CHARACTERS = 512;
const LAST_NAME = "\u{10FFFF}".repeat(MAX_NAME_CHARACTERS / 2);
const MAX_AMOUNTS = 64;
const MAX_ACCOUNTS = 500;
const MAX_LISTED_ACCOUNTS = 1_000;
const MAX_AT_ONCE = 10_000;
const HOUR_MS = 3_600_000;

/** Most rows of an answer about usage. */
export const MAX_USAGE_ROWS = 100_000;
/** Most reservations of an answer. */
export const MAX_HELD_ROWS = 1000;

export const USAGE_COUNTS = [
  ...(["calls", "estimatedCalls", "inputTokens", "cachedInputTokens", "outputTokens"] as const),
  ...(["costNanoUsd", "cacheHits", "savedNanoUsd"] as const),
] satisfies readonly (keyof UsageCounts)[];

export interface LedgerParts {
  readonly settle: readonly Settlement[];
  readonly reserve: Reservation | null;
}

/** Null when there is nothing of the ledger in it. Throws INVALID_ARGUMENT. */
export const checkLedgerParts = ({ settle, reserve }: CommitUnit<StoredEvent>): LedgerParts | null => {
  if (reserve === undefined && (settle === undefined || settle.length === 0)) return null;
  return {
    settle: (settle ?? []).map((each, index) => checkSettlement(`settle[${index}]`, each)),
    reserve: reserve === undefined ? null : checkReservation("reserve", reserve),
  };
};

export const checkAccounts = (accounts: readonly string[]): readonly string[] => {
  if (accounts.length > MAX_ACCOUNTS)
    throw new PlatformError("TOO_LARGE", `accounts: ${accounts.length} of at most ${MAX_ACCOUNTS} a call`);
  return accounts.map((account, index) => checkName(`accounts[${index}]`, account));
};

/** `last`: nothing that begins with the prefix comes behind it, by code point, and all from the prefix to it begins so. */
export const checkAccountQuery = ({ prefix, limit }: AccountQuery): AccountQuery & { readonly last: string } => {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LISTED_ACCOUNTS)
    throw refused("limit", `a whole number from 1 to ${MAX_LISTED_ACCOUNTS}`);
  return { prefix: checkName("prefix", prefix), limit, last: prefix + LAST_NAME };
};

export const checkUsageQuery = ({ tenantId, from, to, ...filter }: UsageQuery): UsageQuery => {
  checkWhole("from", from);
  checkWhole("to", to);
  const { agent, team, model, caller } = filter;
  for (const [field, name] of Object.entries({ agent, team, model, caller }))
    if (name !== undefined) checkText(field, name);
  return { tenantId, from, to, agent, team, model, caller };
};

export const tooMuchUsage = (): PlatformError =>
  new PlatformError("TOO_LARGE", `usage: more than ${MAX_USAGE_ROWS} sums; ask for fewer hours, or for one agent`);

export const checkExpiry = (now: number, limit: number): void => {
  if (!Number.isFinite(now)) throw refused("now", "milliseconds since 1970");
  checkAtOnce(limit);
};

/** `lastHour`: the last that has ended by `before`. */
export const checkLedgerRemoval = ({
  tenantId,
  before,
  limit,
  dryRun = false,
}: LedgerRemoval): Required<LedgerRemoval> & { readonly lastHour: number } => {
  if (!Number.isFinite(before)) throw refused("before", "milliseconds since 1970");
  checkAtOnce(limit);
  return { tenantId, before: Math.floor(before), lastHour: Math.floor(before) - HOUR_MS, limit, dryRun };
};

const checkAtOnce = (limit: number): void => {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_AT_ONCE)
    throw refused("limit", `a whole number from 1 to ${MAX_AT_ONCE}`);
};

const checkReservation = (field: string, { key, expiresAt, amounts, usage }: Reservation): Reservation => {
  const checked = checkAmounts(`${field}.amounts`, amounts).map((each, index) => {
    const endsAt = amounts[index]?.endsAt;
    return {
      ...each,
      ceiling: checkWhole(`${field}.amounts[${index}].ceiling`, amounts[index]?.ceiling),
      ...(endsAt === undefined ? {} : { endsAt: checkWhole(`${field}.amounts[${index}].endsAt`, endsAt) }),
    };
  });
  return {
    key: checkName(`${field}.key`, key),
    expiresAt: checkWhole(`${field}.expiresAt`, expiresAt),
    amounts: checked,
    usage: checkUsage(`${field}.usage`, usage),
  };
};

const checkSettlement = (field: string, { key, amounts, usage }: Settlement): Settlement => ({
  key: key === null ? null : checkName(`${field}.key`, key),
  amounts: checkAmounts(`${field}.amounts`, amounts),
  usage: checkUsage(`${field}.usage`, usage),
});

const checkAmounts = (field: string, amounts: readonly LedgerAmount[]): LedgerAmount[] => {
  if (amounts.length > MAX_AMOUNTS) throw refused(field, `at most ${MAX_AMOUNTS} accounts, found ${amounts.length}`);
  const checked = amounts.map(({ account, amount }, index) => ({
    account: checkName(`${field}[${index}].account`, account),
    amount: checkWhole(`${field}[${index}].amount`, amount),
  }));
  if (new Set(checked.map(({ account }) => account)).size < checked.length) throw refused(field, "each account once");
  return checked;
};

const checkUsage = (field: string, usage: UsageRecord): UsageRecord => {
  const { agent, team, model, caller } = usage;
  const hour = checkWhole(`${field}.hour`, usage.hour);
  if (hour % HOUR_MS !== 0) throw refused(`${field}.hour`, `the beginning of an hour, found ${hour}`);
  for (const [name, text] of Object.entries({ agent, team, model, caller })) checkText(`${field}.${name}`, text);
  const count = (name: keyof UsageCounts): number => checkWhole(`${field}.${name}`, usage[name]);
  return {
    ...{ hour, agent, team, model, caller, calls: count("calls"), estimatedCalls: count("estimatedCalls") },
    ...{ inputTokens: count("inputTokens"), cachedInputTokens: count("cachedInputTokens") },
    ...{ outputTokens: count("outputTokens"), costNanoUsd: count("costNanoUsd") },
    ...{ cacheHits: count("cacheHits"), savedNanoUsd: count("savedNanoUsd") },
  };
};

const checkName = (field: string, name: string): string => {
  checkText(field, name);
  if (name === "") throw refused(field, `1 to ${MAX_NAME_CHARACTERS} characters`);
  return name;
};

/** Halves of pairs all become U+FFFD in a database, so two names would be one. */
const checkText = (field: string, text: string): void => {
  if (typeof text !== "string" || !text.isWellFormed()) throw refused(field, "well-formed Unicode text");
  if (text.length > MAX_NAME_CHARACTERS) throw refused(field, `at most ${MAX_NAME_CHARACTERS} characters`);
};

const checkWhole = (field: string, value: number | undefined): number => {
  if (value === undefined || !Number.isSafeInteger(value) || value < 0)
    throw refused(field, `a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, found ${String(value)}`);
  // -0 is 0.
  return value + 0;
};

const refused = (field: string, description: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `${field}: ${description}`, { violations: [{ field, description }] });
