import type { SchemaObject } from "./schema-object.ts";

export interface SchemaDifferences {
  /** A line each: what should be there and is not, or is other than it should be. */
  readonly wrong: readonly string[];
  /** What nobody asked for. */
  readonly extra: readonly string[];
}

/** How a schema differs from the one that this version would make. Of a table that is missing its parts are not told. Pure. */
export const compareSchemas = (
  expected: readonly SchemaObject[],
  actual: readonly SchemaObject[],
): SchemaDifferences => {
  const found = new Map(actual.map((object) => [keyOf(object), object]));
  const wanted = new Map(expected.map((object) => [keyOf(object), object]));
  const isWhole = (objects: ReadonlyMap<string, SchemaObject>, { table }: SchemaObject): boolean =>
    table === null || objects.has(`table ${table}`);
  const wrong: string[] = [];
  for (const [key, object] of wanted) {
    const there = found.get(key);
    if (there !== undefined) wrong.push(...changesOf(key, object.definition, there.definition));
    else if (isWhole(found, object)) wrong.push(`${key} is missing${partDefinition(object)}`);
  }
  const extra = actual.filter((object) => !wanted.has(keyOf(object)) && isWhole(wanted, object)).map(keyOf);
  return { wrong, extra };
};

/** Of what fits on a line, so that it can be put back. */
const partDefinition = ({ kind, definition }: SchemaObject): string =>
  kind === "table" || kind === "function" ? "" : `: ${definition}`;

const keyOf = ({ kind, name }: SchemaObject): string => `${kind} ${name}`;

const changesOf = (key: string, expected: string, actual: string): readonly string[] => {
  if (expected === actual) return [];
  const [wanted, found] = [expected.split("\n"), actual.split("\n")];
  const line = wanted.findIndex((text, index) => text !== found[index]);
  const place = line === -1 ? wanted.length : line;
  const where = wanted.length === 1 ? "" : ` in line ${place}`;
  return [`${key} is changed${where}: ${quote(found[place])}, should be ${quote(wanted[place])}`];
};

const quote = (text: string | undefined): string => (text === undefined ? "nothing" : `"${text.trim()}"`);
