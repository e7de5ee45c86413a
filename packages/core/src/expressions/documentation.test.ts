import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compileExpression } from "./compile-expression.ts";
import { compileTemplate } from "./compile-template.ts";

const page = readFileSync(new URL("../../../../docs/expressions.md", import.meta.url), "utf8");
const scope = JSON.parse(/```json scope\n([\s\S]*?)```/.exec(page)?.[1] ?? "null");

const rowsOf = (heading: string): (readonly [string, string])[] =>
  page
    .split(`| ${heading} | gives |\n| --- | --- |\n`)
    .slice(1)
    .flatMap((rest) => rest.slice(0, rest.indexOf("\n\n")).split("\n"))
    .map((row) => {
      const [, text, gives] = /^\| `(.*)` \| `(.*)` \|$/.exec(row) ?? [];
      if (text === undefined || gives === undefined) throw new Error(`expected two columns of code, got ${row}`);
      return [text, gives];
    });

test.each(rowsOf("expression"))("%s gives %s", (text, gives) => {
  expect(compileExpression(text).evaluate(scope)).toStrictEqual(JSON.parse(gives));
});

test.each(rowsOf("template"))("%s gives %s", (text, gives) => {
  expect(compileTemplate(JSON.parse(text)).evaluate(scope)).toStrictEqual(JSON.parse(gives));
});

test("the page has examples", () => {
  expect(rowsOf("expression").length).toBeGreaterThan(20);
  expect(rowsOf("template").length).toBeGreaterThan(5);
});
