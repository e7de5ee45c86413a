import { expect, test } from "vitest";
import { compareSchemas } from "./compare-schemas.ts";
import type { SchemaObject } from "./schema-object.ts";

const object = (
  kind: SchemaObject["kind"],
  name: string,
  definition = "",
  table: string | null = null,
): SchemaObject => ({
  ...{ kind, name, table, definition },
});
const heads = object("table", "heads");
const column = (definition: string) => object("column", "heads.priority", definition, "heads");
const index = object("index", "heads_due", "CREATE INDEX heads_due ON heads (due_at)", "heads");
const body = (...lines: readonly string[]) => object("function", "f()", ["returns void", ...lines].join("\n"));

test("the same is no difference, in whatever order", () => {
  const objects = [heads, column("smallint"), index, body("begin", "end")];
  expect(compareSchemas(objects, [...objects].reverse())).toEqual({ wrong: [], extra: [] });
});

test("what is missing or changed is told, with both sides", () => {
  const { wrong } = compareSchemas([heads, column("smallint not null"), index], [heads, column("integer")]);
  expect(wrong).toEqual([
    'column heads.priority is changed: "integer", should be "smallint not null"',
    "index heads_due is missing: CREATE INDEX heads_due ON heads (due_at)",
  ]);
});

test("of an edited function the first line that differs is told", () => {
  const changed = (...lines: readonly string[]) =>
    compareSchemas([body("begin", "  return 1;", "end")], [body(...lines)]).wrong;
  expect(changed("begin", "  return 2;", "end")).toEqual([
    'function f() is changed in line 2: "return 2;", should be "return 1;"',
  ]);
  expect(changed("begin")).toEqual(['function f() is changed in line 2: nothing, should be "return 1;"']);
  expect(changed("begin", "  return 1;", "end", "-- more")).toEqual([
    'function f() is changed in line 4: "-- more", should be nothing',
  ]);
});

test("of a table that is missing, or nobody asked for, its parts are not told", () => {
  expect(compareSchemas([heads, column("smallint"), index], [])).toEqual({
    wrong: ["table heads is missing"],
    extra: [],
  });
  expect(compareSchemas([], [heads, column("smallint"), index])).toEqual({ wrong: [], extra: ["table heads"] });
  expect(compareSchemas([heads], [heads, index]).extra).toEqual(["index heads_due"]);
});
