import { testAgent } from "@agentcore/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type FormattedResponse, type ResponseFormatterOptions, responseFormatterAgent } from "./response-formatter.ts";

const format = (request: unknown, options: ResponseFormatterOptions = {}): FormattedResponse =>
  responseFormatterAgent(options).answer?.({ tenantId: "t", payload: request }, {} as never) as FormattedResponse;

const orders = [
  { orderId: "A-7", total: 12.5, note: "a|b" },
  { orderId: "B-9", total: 1200, note: null },
];

describe("a response formatter", () => {
  test("lays out a list of records in each format", () => {
    expect(format({ value: orders }).text).toBe(
      ["| Order id | Total | Note |", "| --- | --: | --- |", "| A-7 | 12.5 | a\\|b |", "| B-9 | 1200 |  |"].join("\n"),
    );
    expect(format({ value: orders, format: "table" }).text).toBe(
      ["orderId  total  note", "-------  -----  ----", "A-7       12.5  a|b", "B-9       1200"].join("\n"),
    );
    expect(format({ value: orders, format: "csv", columns: ["total", "orderId"] })).toEqual({
      ...{ text: "total,orderId\r\n12.5,A-7\r\n1200,B-9", format: "csv", mediaType: "text/csv", polished: false },
    });
    expect(format({ value: { a: 1, list: ["x", { b: 2 }] }, format: "text", title: "T" }).text).toBe(
      "T\n\nA: 1\nList:\n  - x\n  - B: 2",
    );
    expect(format({ value: { name: "X", lines: orders }, title: "Orders" }).text).toMatch(
      /^# Orders\n\n- \*\*Name:\*\* X\n\n## Lines\n\n\| Order id/,
    );
    expect(JSON.parse(format({ value: orders, format: "json" }).text)).toEqual(orders);
  });

  test("text of a value stays text: no link, no picture, no heading, no formula", () => {
    const nasty = {
      note: "# a ![x](https://evil.example/p.png) <img src=x> [y](javascript:1)",
      formula: "=HYPERLINK(1)",
    };
    const { text } = format({ value: nasty });
    expect(text).not.toMatch(/(?<!\\)[[\]<>#]/);
    expect(text).not.toContain("https:");
    expect(format({ value: [nasty], format: "csv" }).text).toContain("'=HYPERLINK(1)");
    expect(format({ value: [{ n: "-12.5" }], format: "csv" }).text).toBe("n\r\n-12.5");
  });

  test("a template shows what is there, and says what is not", () => {
    const template =
      "Dear {{customer.name | upper}}, {{#each items}}{{@index}}. {{name}}: {{price | number:2}} {{currency}}\n{{else}}nothing\n{{/each}}{{#if paid}}Paid.{{else}}Due {{due | date}}.{{/if}} {{note?}}";
    const value = {
      customer: { name: "Ada" },
      currency: "EUR",
      items: [{ name: "tea", price: 1234.5 }],
      paid: false,
      due: 0,
    };
    expect(format({ value, format: "text" }, { template }).text).toBe(
      "Dear ADA, 1. tea: 1,234.50 EUR\nDue 1970-01-01. ",
    );
    expect(format({ value: { ...value, items: [], paid: true } }, { template }).text).toBe("Dear ADA, nothing\nPaid. ");
    expect(() => format({ value: { customer: {}, items: [] } }, { template })).toThrow(
      "customer.name: the template shows it",
    );
    expect(() => format({ value: { ...value, items: 3 } }, { template })).toThrow("items: expected a list");
  });

  test("a template that cannot be read is told when the agent is made, with its line", () => {
    const made = (template: string) => () => responseFormatterAgent({ template });
    expect(made("a\n{{#each x}}")).toThrow("line 2: {{#each}} is not closed");
    expect(made("{{/if}}")).toThrow("closes nothing that is open");
    expect(made("{{x | shout}}")).toThrow('"shout" is no filter; expected one of upper');
    expect(made("{{x | number:two}}")).toThrow("number:two: expected a digit");
    expect(made("{{constructor()}}")).toThrow("is no path");
    expect(() => format({ value: {} }, { template: "{{constructor.name}}" })).toThrow("it is not there");
  });

  test("holds a value against a schema, and a text against its bound", () => {
    const schema = z.object({ total: z.number() });
    expect(format({ value: { total: 3, secret: "x" }, format: "json" }, { schema }).text).toBe('{\n  "total": 3\n}');
    expect(() => format({ value: { total: "3" } }, { schema })).toThrow("the value is not valid: total: ");
    expect(() => format({ value: "x".repeat(200) }, { maxCharacters: 100 })).toThrow("100 are allowed");
    expect(() =>
      format(
        { value: { l: Array(50).fill({ t: "xxxx" }) } },
        { maxCharacters: 100, template: "{{#each l}}{{t}}{{/each}}" },
      ),
    ).toThrow("more than 100");
    expect(() => responseFormatterAgent({ polish: true })).toThrow("model: expected a model");
  });

  test("a model makes it more fluent only when all numbers stay, and no others come", async () => {
    const answers = [
      "You owe 12.50 euro, due 2026-03-01.",
      "You owe about 13 euro.",
      "You owe 12.50 euro, due 2026-03-01, or 99 later.",
    ];
    const world = await testAgent(responseFormatterAgent({ polish: true, format: "text", model: "m" }), {
      model: answers,
    });
    const value = { owed: "12.50 EUR", due: "2026-03-01" };
    expect((await world.run({ value })).output).toMatchObject({ polished: true, text: answers[0] });
    for (const _ of answers.slice(1))
      expect((await world.run({ value })).output).toMatchObject({
        polished: false,
        text: "Owed: 12.50 EUR\nDue: 2026-03-01",
      });
    expect((await world.run({ value, format: "json" })).output).toMatchObject({ polished: false });
    await world.close();
  });

  test("CSV of any cells is read back as it was, but for what a spreadsheet would compute", () => {
    fc.assert(
      fc.property(fc.array(fc.record({ a: fc.string(), b: fc.integer() }), { minLength: 1 }), (rows) => {
        const { text } = format({ value: rows, format: "csv" });
        const cells = [...text.matchAll(/(?:^|,|\r\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))(?=,|\r\n|$)/g)].map(
          ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
        );
        const expected = rows.flatMap(({ a, b }) => [
          /^[=+\-@\t\r]/.test(a) && !/^[+-]?\d+(\.\d+)?$/.test(a) ? `'${a}` : a,
          String(b),
        ]);
        expect(cells).toEqual(["a", "b", ...expected]);
      }),
    );
  });
});

// Each took seconds, or for ever, while nothing else on the node went on.
describe("whatever it is given, a response formatter takes a time that is bounded", () => {
  test("a template of spaces, or with lists within lists that show nothing", () => {
    const begun = performance.now();
    expect(format({ value: 1, template: `{{${" ".repeat(40_000)}x`, format: "text" }).text).toContain("{{");
    expect(() => format({ value: 1, template: `{{a | default:${" ".repeat(40_000)}a"b"c}}`, format: "text" })).toThrow(
      "expected one text in quotes",
    );
    const template = "{{#each list}}".repeat(8) + "{{/each}}".repeat(8);
    expect(() => format({ value: { list: Array(60).fill(0) }, template, format: "text" })).toThrow(
      "parts of the value",
    );
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  test("rows that have no column in common, a column with a long name, many rows", () => {
    const begun = performance.now();
    const sparse = Array.from({ length: 5_000 }, (_, n) => ({ [`c${n}`]: 1 }));
    for (const name of ["table", "csv", "markdown"])
      expect(() => format({ value: sparse, format: name })).toThrow("a table of 5000 rows");
    const long = Array.from({ length: 1_000 }, () => ({ ["a".repeat(100_000)]: 1 }));
    expect(() => format({ value: long, format: "table" })).toThrow("a table of 1000 rows");
    const many = Array.from({ length: 140_000 }, (_, n) => n);
    expect(format({ value: many, format: "table" }, { maxCharacters: 1_000_000 }).text.length).toBeGreaterThan(900_000);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

test("no line ending makes a heading, no letters before an address a link, no column of CSV a formula", () => {
  expect(format({ value: "Title\r===" }).text).toBe("Title ===");
  expect(format({ value: "_https://evil.example 1https://evil.example" }).text).not.toContain("https:");
  expect(format({ value: [{ "=1+1": "＝1+1" }], format: "csv" }).text).toBe("'=1+1\r\n'＝1+1");
});

test("a list of what are no records is one column of CSV, and not nothing", () => {
  expect(format({ value: [1, "a"], format: "csv" }).text).toBe("value\r\n1\r\na");
});

test("one that polishes says that it takes as long as a model does", () => {
  expect(responseFormatterAgent().profile?.latencyMs).toEqual({ from: 1, to: 10 });
  expect(responseFormatterAgent({ polish: true, model: "m" }).profile?.latencyMs).toEqual({ from: 1, to: 30_000 });
});
