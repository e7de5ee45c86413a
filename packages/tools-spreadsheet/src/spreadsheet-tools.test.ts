import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeXlsx, makeXlsxBomb } from "../test/make-xlsx.ts";
import { cellName, parseRange } from "./parse-range.ts";
import { spreadsheetTools } from "./spreadsheet-tools.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "agentcore-sheets-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const toolsOf = () => {
  const [list, read] = spreadsheetTools({ root });
  const context = { signal: new AbortController().signal, idempotencyKey: "k" };
  return {
    list: (path: string) => list?.execute({ path }, context),
    read: (input: { path: string; sheet?: string; range?: string }) =>
      read?.execute(input, context) as Promise<{ rows: unknown[][]; nextRow?: number }>,
  };
};

const sales = () =>
  makeXlsx(
    {
      Sales:
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>when</t></is></c></row>' +
        '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2"><v>12.5</v></c><c r="C2" s="1"><v>46143</v></c></row>' +
        '<row r="4"><c r="A4" t="b"><v>1</v></c><c r="B4"><f>SUM(B2:B3)</f><v>12.5</v></c><c r="C4" t="e"><v>#DIV/0!</v></c></row>',
      "More &amp; more": '<row r="1"><c r="A1"><v>1</v></c></row>',
    },
    ["city", "sold", "Oslo &lt;1&gt;"],
  );

test("sheets are listed, and cells come as rows where they stand, with their types", async () => {
  writeFileSync(join(root, "sales.xlsx"), sales());
  const { list, read } = toolsOf();
  expect(await list("sales.xlsx")).toEqual({
    path: "sales.xlsx",
    sheets: [
      { name: "Sales", rows: 4, columns: 3 },
      { name: "More & more", rows: 1, columns: 1 },
    ],
    totalSheets: 2,
  });
  expect(await read({ path: "sales.xlsx" })).toEqual({
    ...{ path: "sales.xlsx", sheet: "Sales", from: "A1", totalRows: 4, totalColumns: 3 },
    rows: [
      ["city", "sold", "when"],
      ["Oslo <1>", 12.5, "2026-05-01"],
      [null, null, null],
      // What is no value has none.
      [true, 12.5, null],
    ],
  });
  expect(await read({ path: "sales.xlsx", range: "b2:c2" })).toMatchObject({
    from: "B2",
    rows: [[12.5, "2026-05-01"]],
  });
  expect(await read({ path: "sales.xlsx", sheet: "More & more" })).toMatchObject({ rows: [[1]] });
  await expect(read({ path: "sales.xlsx", sheet: "None" })).rejects.toThrow('there are "Sales", "More & more"');
});

test("an answer has up to a thousand rows, and says where it goes on", async () => {
  const rows = Array.from(
    { length: 3_000 },
    (_, at) => `<row r="${at + 1}"><c r="A${at + 1}"><v>${at + 1}</v></c></row>`,
  );
  writeFileSync(join(root, "long.xlsx"), makeXlsx({ Long: rows.join("") }));
  const { read } = toolsOf();
  const first = await read({ path: "long.xlsx" });
  expect([first.rows.length, first.nextRow]).toEqual([100, 101]);
  const all = await read({ path: "long.xlsx", range: "A1:A9999" });
  expect([all.rows.length, all.nextRow]).toEqual([1_000, 1_001]);
  const last = await read({ path: "long.xlsx", range: "A2990:B4000" });
  expect([last.rows.length, last.nextRow]).toEqual([11, undefined]);
  expect((await read({ path: "long.xlsx", range: "A4000:B4001" })).rows).toEqual([]);
});

test.each([
  ["says so", 1_500 * 1024 * 1024, "TOO_LARGE"],
  ["says that it does not", 100, "INVALID_ARGUMENT"],
])(
  "a workbook that inflates to more than any memory, and %s, gets no more than it says",
  async (_, saysBytes, code) => {
    const bomb = makeXlsxBomb(1_500, saysBytes);
    expect(bomb.length).toBeLessThan(2_000_000);
    writeFileSync(join(root, "bomb.xlsx"), bomb);
    writeFileSync(join(root, "sales.xlsx"), sales());
    const { list } = toolsOf();
    const before = process.memoryUsage().rss;
    await expect(list("bomb.xlsx")).rejects.toMatchObject({ code });
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
    expect(await list("sales.xlsx")).toMatchObject({ sheets: [{ name: "Sales" }, {}] });
  },
);

test("no more sheets are named than a model reads, and no longer names", async () => {
  const names = Array.from({ length: 300 }, (_, at) => `${at}${"x".repeat(1_000)}`);
  writeFileSync(join(root, "many.xlsx"), makeXlsx(Object.fromEntries(names.map((name) => [name, ""]))));
  const { list, read } = toolsOf();
  const listed = await list("many.xlsx");
  expect(listed).toMatchObject({ totalSheets: 300 });
  expect(JSON.stringify(listed).length).toBeLessThan(40_000);
  const told = await read({ path: "many.xlsx", sheet: "None" }).catch((error: Error) => error.message);
  expect(told).toMatch(/and 280 more$/);
  expect(await read({ path: "many.xlsx", sheet: `7${"x".repeat(99)}` })).toMatchObject({ rows: [] });
});

test("XML that asks for files or grows by itself gives neither", async () => {
  const entities = `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b "${"y".repeat(1000)}">]>`;
  const sheet =
    '<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&a;&b;</t></is></c></row></sheetData></worksheet>';
  const hostile = makeXlsx({ One: "" }, [], { "xl/worksheets/sheet1.xml": Buffer.from(entities + sheet) });
  writeFileSync(join(root, "hostile.xlsx"), hostile);
  const told = await toolsOf()
    .read({ path: "hostile.xlsx" })
    .then(
      ({ rows }) => JSON.stringify(rows),
      (error: Error) => error.message,
    );
  expect(told).not.toContain("root:");
  expect(told).not.toContain("yyy");
});

test("what is no workbook, too large, or leads elsewhere is refused", async () => {
  writeFileSync(join(root, "text.xlsx"), "city,sold");
  writeFileSync(join(root, "large.xlsx"), Buffer.alloc(21 * 1024 * 1024));
  symlinkSync("/etc/passwd", join(root, "link.xlsx"));
  const { list, read } = toolsOf();
  await expect(list("text.xlsx")).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("no workbook"),
  });
  await expect(list("large.xlsx")).rejects.toMatchObject({ code: "TOO_LARGE" });
  await expect(list("link.xlsx")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  await expect(list("../x.xlsx")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  for (const range of ["A1", "B2:A1", "A0:B1", "A1:ZZZ1", "A1:IV1", "x"])
    await expect(read({ path: "text.xlsx", range }), range).rejects.toThrow("range: expected");
});

test("ranges and cells have the names that people give them", () => {
  expect(parseRange("$Z$10:AB12")).toEqual({ fromRow: 10, toRow: 12, fromColumn: 26, toColumn: 28 });
  for (const name of ["A1", "Z9", "AA10", "AZ1", "ZZ3", "AAA7", "XFD1048576"]) {
    const { fromRow, fromColumn } = parseRange(`${name}:${name}`);
    expect(cellName(fromRow, fromColumn)).toBe(name);
  }
});
