import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const source = join(import.meta.dirname, "..");
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
);

test("a task is looked up by the expression that has an index, never by two columns, which have none (0010)", () => {
  const found = files.flatMap((file) =>
    readFileSync(join(source, file), "utf8")
      .split("\n")
      // Rows that were just inserted (i) have no index at all, keys of requests have one of their own (0007).
      .filter(
        (line) => /\btenant_id = \S+ and (?!i\.)(\w\.)?task_id = /.test(line) && !line.includes("idempotency_keys"),
      )
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(files).toContain(join("sql", "functions", "commit-units.ts"));
  expect(found).toEqual([]);
});
