import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCsv, readForm, writeCsv, writeForm } from "./texts.ts";
import { type Translated, type TranslatorOptions, translatorAgent } from "./translator.ts";
import { readXml, writeXml } from "./xml.ts";

const translate = (request: object, mappings: TranslatorOptions["mappings"] = {}): Translated =>
  translatorAgent({ mappings }).answer?.({ tenantId: "t", payload: request }, {} as never) as Translated;

const XML = `<?xml version="1.0"?><!-- of the shop -->
<order id="A-7" paid="yes"><total>12.50</total><state>S</state>
  <item><name>lamp &amp; shade</name></item><note><![CDATA[a < b]]></note></order>`;

describe("a translator", () => {
  test("makes JSON of XML by rules, and says of all that does not fit where it is", () => {
    const fields = {
      id: "order.@id",
      "payment.total": { from: "order.total", as: "number" },
      "payment.paid": { from: "order.@paid", as: "boolean" },
      state: { from: "order.state", values: { S: "shipped", O: "open" } },
      items: { from: "order.item", each: { title: "name", count: { from: "count", default: 1 } } },
      source: { value: "shop" },
      note: { from: "order.note", optional: true },
    } as const;
    const mappings = { order: { from: "xml", to: "json", fields } } as const;
    expect(translate({ mapping: "order", text: XML }, mappings).value).toEqual({
      ...{ id: "A-7", payment: { total: 12.5, paid: true }, state: "shipped", source: "shop", note: "a < b" },
      items: [{ title: "lamp & shade", count: 1 }],
    });
    const wrong = "<order><total>much</total><state>X</state><item/></order>";
    expect(() => translate({ mapping: "order", text: wrong }, mappings)).toThrow(
      expect.objectContaining({
        violations: [
          { field: "order.@id", description: "expected: it is not there" },
          { field: "order.total", description: "expected a number, got much" },
          { field: "order.@paid", description: "expected: it is not there" },
          { field: "order.state", description: "expected one of S, O, got X" },
          { field: "order.item", description: "expected: it is not there" },
        ],
      }),
    );
  });

  test("goes between all of them without rules, too", () => {
    expect(translate({ from: "csv", to: "json", text: 'a,b\r\n1,"x, ""y"""' }).value).toEqual([
      { a: "1", b: 'x, "y"' },
    ]);
    expect(translate({ from: "form", to: "xml", text: "a=1&b=x+y%26&b=z" }).text).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<root>\n  <a>1</a>\n  <b>x y&amp;</b>\n  <b>z</b>\n</root>',
    );
    expect(translate({ to: "form", value: { a: "1 é", list: [1, 2] } }).text).toBe("a=1+%C3%A9&list=1&list=2");
    const rows = {
      rows: { from: "csv", to: "json", rows: true, fields: { total: { from: "sum", as: "number" } } },
    } as const;
    expect(translate({ mapping: "rows", text: "sum\n1\n2.5" }, rows).value).toEqual([{ total: 1 }, { total: 2.5 }]);
  });

  test.each([
    ["<a><b></a>", "</a> closes <b>"],
    ["<a", "expected"],
    ["<a/><b/>", "expected one element, and nothing behind it"],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "document types are not read"],
    ["<a>&x;</a>", "&x; is no entity that is known"],
    [`${"<a>".repeat(70)}`, "nested deeper than 60"],
    ['<a b="1" b="2"/>', "stands there twice"],
  ])("refuses the XML %j", (text, why) => {
    expect(() => translate({ from: "xml", text })).toThrow(why);
  });

  test("a list is one also with one item, where it is told so", () => {
    const text = "<o><i>1</i></o>";
    expect(readXml(text, new Set(["o.i"]))).toEqual({ o: { i: ["1"] } });
    expect(readXml("<o><__proto__>1</__proto__></o>", new Set())).toEqual(JSON.parse('{"o":{"__proto__":"1"}}'));
  });

  const Name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
  // What XML 1.0 can say, and what white space at the ends does not say.
  const Text = fc.stringMatching(/^[!-~À-ÿ](?:[ -~À-ÿ]{0,20}[!-~À-ÿ])?$/);

  test("what is written is read back: XML, CSV, forms", () => {
    const Tree = fc.letrec((tie) => ({
      tree: fc.dictionary(Name, fc.oneof(Text, fc.array(Text, { minLength: 2, maxLength: 3 }), tie("tree")), {
        minKeys: 1,
        maxKeys: 3,
      }),
    })).tree;
    fc.assert(
      fc.property(Tree, (tree) => {
        expect(readXml(writeXml({ r: tree }, "root"), new Set())).toEqual({ r: tree });
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ a: fc.string({ minLength: 1 }), b: fc.string() }), { minLength: 1 }), (rows) => {
        const lines = rows.map(({ a, b }) => ({ a: a.replaceAll("\r", "."), b: b.replaceAll("\r", ".") }));
        expect(readCsv(writeCsv(lines, ";"), ";")).toEqual(lines);
      }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1, unit: "grapheme" }), fc.string({ unit: "grapheme" })),
        (values) => {
          expect(readForm(writeForm(values))).toEqual({ ...values });
        },
      ),
    );
  });
});

// Each took seconds, or for ever, while nothing else on the node went on.
describe("whatever it is given, a translator takes a time that is bounded", () => {
  const root = "a".repeat(150);
  test.each<[string, () => unknown, string]>([
    ["a declaration in an element", () => readXml("<a><!x></a>", new Set()), "declarations are not read"],
    ["a name that never ends", () => readXml(`<${"a".repeat(500_000)}/>`, new Set()), "at most 200 characters"],
    [
      "a list under a long name",
      () => writeXml({ [root]: Array.from({ length: 20_000 }, () => 1) }, "r"),
      "more than 2000000 characters",
    ],
    ["a name that is long, to be written", () => writeXml({ ["a".repeat(201)]: 1 }, "r"), "no name"],
    [
      "rows that have no column in common",
      () =>
        writeCsv(
          Array.from({ length: 5_000 }, (_, n) => ({ [`c${n}`]: 1 })),
          ",",
        ),
      "5000 rows of 5000 columns",
    ],
  ])("%s is refused", (_, made, said) => {
    expect(made).toThrow(said);
  });

  test("many columns, and many values of one name, are read at once", () => {
    const begun = performance.now();
    expect(readCsv(Array.from({ length: 60_000 }, (_, n) => `c${n}`).join(","), ",")).toEqual([]);
    expect((readForm("a&".repeat(100_000))["a"] as unknown[]).length).toBe(100_000);
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  test("of what does not fit the first 20 places are told, each with its row", () => {
    const mappings = {
      rows: { from: "csv", rows: true, fields: { total: { from: "sum", as: "number" } } },
      list: { fields: { all: { from: "list", each: { n: { from: "n", as: "number" } } } } },
    } as const;
    expect(() => translate({ mapping: "rows", text: "sum\n1\nx" }, mappings)).toThrow(
      expect.objectContaining({ violations: [{ field: "[1].sum", description: "expected a number, got x" }] }),
    );
    const list = Array.from({ length: 50 }, () => ({ n: "1e999" }));
    expect(() => translate({ mapping: "list", value: { list } }, mappings)).toThrow(
      expect.objectContaining({ violations: expect.toSatisfy((all: readonly unknown[]) => all.length === 20) }),
    );
  });
});

test("text around a comment in XML stays as it is", () => {
  expect(readXml("<a>one<!-- --> two</a>", new Set())).toEqual({ a: "one two" });
});
