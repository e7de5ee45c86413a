/** What callers give a VectorIndex, checked and made uniform once for every adapter: vectors of length 1, one entry an id. */
import { PlatformError } from "@agentcore/contract/errors";
import type {
  NearestQuery,
  StoredVector,
  VectorEntry,
  VectorListQuery,
  VectorMetadata,
  VectorScope,
} from "../ports/vector-index.ts";

const MAX_DIMENSIONS = 4096;
// With 4,096 dimensions 8 MiB, as much as a batch of any other write may hold.
const MAX_ENTRIES = 500;
const MAX_RESULTS = 1000;
// Together below the 2,704 bytes that PostgreSQL allows the key of an index, also where a character takes three.
const MAX_ID_CHARACTERS = 512;
const MAX_SCOPE_CHARACTERS = 128;
const MAX_METADATA_BYTES = 8192;

export interface CheckedEntries {
  readonly dimensions: number;
  /** In the order of ids. */
  readonly entries: readonly StoredVector[];
}

export interface CheckedQuery {
  /** Of length 1. */
  readonly vector: Float32Array;
  readonly limit: number;
  readonly filter: VectorMetadata;
  readonly minSimilarity: number;
}

export interface CheckedList {
  readonly after: string | null;
  readonly limit: number;
  readonly filter: VectorMetadata;
}

/** The scope's own fields and no others, so that it may be sent as it is. */
export const checkScope = ({ tenantId, namespace }: VectorScope): VectorScope => {
  for (const [field, text] of Object.entries({ tenantId, namespace })) {
    checkText(field, text);
    if (text.length > MAX_SCOPE_CHARACTERS) throw refused(field, `at most ${MAX_SCOPE_CHARACTERS} characters`);
  }
  return { tenantId, namespace };
};

/** Null when there is nothing to do. */
export const checkEntries = (entries: readonly VectorEntry[]): CheckedEntries | null => {
  const first = entries[0];
  if (first === undefined) return null;
  if (entries.length > MAX_ENTRIES) throw tooLarge("entries", `${entries.length} of at most ${MAX_ENTRIES} a call`);
  const dimensions = first.vector.length;
  const checked = new Map<string, StoredVector>();
  for (const [index, { id, vector, metadata = {} }] of entries.entries()) {
    const field = `entries[${index}]`;
    checkId(`${field}.id`, id);
    const unit = unitVector(`${field}.vector`, vector);
    if (unit.length !== dimensions)
      throw refused(`${field}.vector`, `${unit.length} dimensions, but the first entry of the call has ${dimensions}`);
    checked.set(id, { id, vector: unit, metadata: checkMetadata(`${field}.metadata`, metadata) });
  }
  return { dimensions, entries: [...checked.values()].sort((left, right) => compareIds(left.id, right.id)) };
};

export const checkQuery = ({ vector, limit, filter = {}, minSimilarity = -1 }: NearestQuery): CheckedQuery => {
  if (!(minSimilarity >= -1 && minSimilarity <= 1)) throw refused("minSimilarity", "a number from -1 to 1");
  return {
    vector: unitVector("vector", vector),
    limit: checkLimit(limit),
    filter: checkMetadata("filter", filter),
    minSimilarity,
  };
};

export const checkList = ({ after, limit = MAX_RESULTS, filter = {} }: VectorListQuery): CheckedList => {
  if (after !== undefined) checkId("after", after);
  return { after: after ?? null, limit: checkLimit(limit), filter: checkMetadata("filter", filter) };
};

export const checkIds = (ids: readonly string[]): readonly string[] => {
  if (ids.length > MAX_ENTRIES) throw tooLarge("ids", `${ids.length} of at most ${MAX_ENTRIES} a call`);
  for (const [index, id] of ids.entries()) checkId(`ids[${index}]`, id);
  return [...ids];
};

/** Thrown where an adapter finds that a scope holds vectors of another length. */
export const dimensionsDiffer = (scope: VectorScope, stored: number, given: number): PlatformError =>
  refused(
    "vector",
    `${given} dimensions, but ${JSON.stringify(scope.namespace)} holds vectors of ${stored}; one namespace is for one embedder: use another, or clear it first`,
  );

/** By code point, as databases compare UTF-8; `<` compares UTF-16, which puts U+FFFF after what needs two units. */
export const compareIds = (left: string, right: string): number => {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const difference = rank(left.charCodeAt(index)) - rank(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
};

const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

const unitVector = (field: string, numbers: Float32Array | readonly number[]): Float32Array => {
  if (numbers.length > MAX_DIMENSIONS)
    throw tooLarge(field, `${numbers.length} dimensions of at most ${MAX_DIMENSIONS}`);
  let largest = 0;
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index];
    if (number === undefined || !Number.isFinite(number))
      throw refused(`${field}[${index}]`, `a finite number, found ${String(number)}`);
    largest = Math.max(largest, Math.abs(number));
  }
  if (largest === 0) throw refused(field, "a vector that points somewhere: at least one number that is not 0");
  // Divided by the largest first, so that no square passes what a double holds, or vanishes.
  let squares = 0;
  for (const number of numbers) squares += (number / largest) ** 2;
  const length = Math.sqrt(squares);
  const unit = new Float32Array(numbers.length);
  for (let index = 0; index < unit.length; index++) unit[index] = (numbers[index] ?? 0) / largest / length;
  return unit;
};

const checkMetadata = (field: string, metadata: VectorMetadata): VectorMetadata => {
  for (const [name, value] of Object.entries(metadata)) {
    checkText(field, name);
    if (typeof value === "string") checkText(`${field}.${name}`, value);
    else if (typeof value !== "boolean" && !Number.isFinite(value))
      throw refused(`${field}.${name}`, "a string, a finite number, true or false");
  }
  const bytes = new TextEncoder().encode(JSON.stringify(metadata)).length;
  if (bytes > MAX_METADATA_BYTES) throw tooLarge(field, `${bytes} bytes as JSON of at most ${MAX_METADATA_BYTES}`);
  return { ...metadata };
};

const checkId = (field: string, id: string): void => {
  checkText(field, id);
  if (id === "" || id.length > MAX_ID_CHARACTERS || id.includes("\0"))
    throw refused(field, `1 to ${MAX_ID_CHARACTERS} characters, none of them U+0000`);
};

/** Halves of pairs all become U+FFFD in a database, so two ids or tenants would be one. */
const checkText = (field: string, text: string): void => {
  if (typeof text !== "string" || !text.isWellFormed()) throw refused(field, "well-formed Unicode text");
};

const checkLimit = (limit: number): number => {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_RESULTS)
    throw refused("limit", `a whole number from 1 to ${MAX_RESULTS}`);
  return limit;
};

const refused = (field: string, description: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `${field}: ${description}`, { violations: [{ field, description }] });

const tooLarge = (field: string, description: string): PlatformError =>
  new PlatformError("TOO_LARGE", `${field}: ${description}`, { violations: [{ field, description }] });
