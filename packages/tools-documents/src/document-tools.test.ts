import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Tool } from "@agentcore/sdk";
import { ConfinedFolder } from "@agentcore/tools-files";
import { createTextEmbedder, openWordVectors } from "@agentcore/vectors";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makePdf, makePdfBomb } from "../test/make-pdf.ts";
import { DocumentIndex } from "./document-index.ts";
import { DEFAULT_LIMITS, type DocumentLimits } from "./document-limits.ts";
import { type DocumentToolsOptions, documentTools } from "./document-tools.ts";
import type { Embed } from "./passage-vectors.ts";
import { pdfTools } from "./pdf-tools.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "agentcore-documents-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (path: string, content: string | Uint8Array): void => {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
};

const { signal } = new AbortController();

const use = async (tool: Tool | undefined, input: unknown): Promise<Record<string, unknown>> => {
  const checked = await tool?.input["~standard"].validate(input);
  if (checked?.issues !== undefined) throw new Error(checked.issues.map(({ message }) => message).join("; "));
  return (await tool?.execute(checked?.value, { signal, idempotencyKey: "k" })) as Record<string, unknown>;
};

const toolsOf = (options: Partial<DocumentToolsOptions> = {}) => {
  const [search, read] = documentTools({ folder: root, ...options });
  return {
    search: (input: object) => use(search, input),
    read: (input: object) => use(read, input),
    sources: async (query: string, more: object = {}) => {
      const { passages } = (await use(search, { query, ...more })) as { passages: { source: string }[] };
      return passages.map(({ source }) => source);
    },
  };
};

/** With a clock that stands until it is moved. */
const openIndex = (limits: Partial<DocumentLimits> = {}, embed?: Embed) => {
  let now = 0;
  const index = new DocumentIndex(new ConfinedFolder(root), {
    limits: { ...DEFAULT_LIMITS, ...limits },
    embed,
    now: () => now,
  });
  return {
    index,
    find: async (query: string) => {
      now += 10_000;
      return (await index.search(query, 5, () => true, signal)).passages.map(({ path }) => path);
    },
  };
};

test("passages are found in all kinds of documents, each with where it stands", async () => {
  write("handbook/leave.md", "# Leave\nTwenty five days a year.\n\n## Sick leave\nCall your manager before ten.");
  write("pages/cafeteria.html", "<h1>Cafeteria</h1><p>Lunch is served from noon.</p>");
  write("tables/offices.csv", "city,country,desks\nOslo,Norway,40\nPorto,Portugal,25\n");
  write("notes.txt", "The parking garage closes at midnight.");
  write("config/settings.json", '{"retention": {"invoices": "ten years"}}');
  write(
    "contract.pdf",
    makePdf(["Master agreement", "Termination\nEither party may terminate with ninety days notice."]),
  );
  write("picture.png", "not looked at: sick leave");
  const { search, sources } = toolsOf();
  expect(await search({ query: "what do I do when I am sick" })).toEqual({
    passages: [
      {
        ...{ source: "handbook/leave.md:4-5", heading: "Leave > Sick leave", places: "words 1" },
        text: "## Sick leave\nCall your manager before ten.",
      },
    ],
    ...{ how: "by words", documents: 6 },
  });
  expect(await search({ query: "terminate notice period" })).toMatchObject({
    passages: [{ source: "contract.pdf:2-3", page: 2, text: expect.stringContaining("ninety days notice") }],
  });
  expect(await sources("lunch")).toEqual(["pages/cafeteria.html:1-3"]);
  expect(await sources("desks in Porto")).toEqual(["tables/offices.csv:1-3"]);
  expect(await sources("parking")).toEqual(["notes.txt:1-1"]);
  expect(await sources("invoices")).toEqual(["config/settings.json:1-1"]);
  expect(await sources("unicorn")).toEqual([]);
  expect(await sources("days", { within: "handbook" })).toEqual(["handbook/leave.md:1-3"]);
  expect(await sources("days", { within: "./handbook/leave.md" })).toHaveLength(1);
  expect(await sources("days", { within: "hand" })).toEqual([]);
});

test("a document is read by lines, a PDF by pages, and an answer that is cut says where it goes on", async () => {
  write("long.txt", `${Array.from({ length: 500 }, (_, at) => `line ${at + 1}`).join("\n")}\n`);
  write("minified.json", `"${"x".repeat(50_000)}"`);
  write("two.pdf", makePdf(["One", "Two (second)\npage"]));
  const { read } = toolsOf();
  expect(await read({ path: "long.txt", fromLine: 499 })).toEqual({
    ...{ path: "long.txt", kind: "text", fromLine: 499, toLine: 500, totalLines: 500, text: "line 499\nline 500" },
  });
  expect(await read({ path: "long.txt", lines: 2 })).toMatchObject({ next: { fromLine: 3, fromCharacter: 0 } });
  const cut = await read({ path: "minified.json" });
  expect(cut).toMatchObject({ next: { fromLine: 1, fromCharacter: 40_000 } });
  expect(await read({ path: "minified.json", ...(cut.next as object) })).toMatchObject({
    text: `${"x".repeat(10_001)}"`,
  });
  expect(await read({ path: "two.pdf", page: 2 })).toMatchObject({
    kind: "pdf",
    text: "Two (second)\npage",
    fromLine: 2,
  });
  await expect(read({ path: "two.pdf", page: 3 })).rejects.toThrow('"two.pdf" has 2 pages');
  await expect(read({ path: "long.txt", page: 1 })).rejects.toThrow("has no pages");
  await expect(read({ path: "long.txt", fromLine: 501 })).rejects.toThrow('"long.txt" has 500 lines');
  await expect(read({ path: "none.txt" })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("files that changed are read anew, those that are gone vanish, and the same content is not read twice", async () => {
  write("a.txt", "apples");
  write("b.txt", "bananas");
  const asked: string[] = [];
  const embed: Embed = async (texts) => {
    asked.push(...texts);
    return texts.map(() => [1, 0]);
  };
  const { index, find } = openIndex({}, embed);
  const { find: words } = openIndex();
  expect(await words("apples")).toEqual(["a.txt"]);
  await find("apples");
  expect(asked).toHaveLength(3);
  utimesSync(join(root, "a.txt"), 1, 1);
  await find("apples");
  expect(asked).toHaveLength(4);
  appendFileSync(join(root, "a.txt"), " and cherries");
  rmSync(join(root, "b.txt"));
  write("c.txt", "dates");
  expect(await words("cherries")).toEqual(["a.txt"]);
  expect(await words("bananas")).toEqual([]);
  expect(await words("dates")).toEqual(["c.txt"]);
  await find("apples");
  expect(asked.slice(4)).toEqual(["a txt\n\napples and cherries", "c txt\n\ndates", "apples"]);
  expect(index.state).toEqual({ documents: 2, passages: 2, skipped: [] });
});

test("a change is seen that leaves size and times as they were", async () => {
  write("a.txt", "apples");
  utimesSync(join(root, "a.txt"), 1, 1);
  const { find } = openIndex();
  expect(await find("apples")).toEqual(["a.txt"]);
  write("a.txt", "cherry");
  utimesSync(join(root, "a.txt"), 1, 1);
  expect(await find("cherry")).toEqual(["a.txt"]);
});

test("what cannot be read is left out and named, and the rest is found", async () => {
  write("good.txt", "apples");
  write("broken.pdf", "%PDF-1.4 but no more of it");
  write("binary.txt", new Uint8Array([0, 1, 2, 0]));
  write("large.txt", "x".repeat(2_000));
  const { search } = toolsOf({ limits: { fileBytes: 1_000 } });
  expect(await search({ query: "apples" })).toMatchObject({
    passages: [{ source: "good.txt:1-1" }],
    ...{ documents: 1, notReadCount: 3 },
    notRead: [
      { path: "binary.txt", why: "it is no text" },
      { path: "broken.pdf", why: expect.stringMatching(/^reading the PDF: it cannot be read/) },
      { path: "large.txt", why: '"large.txt" has more than the 1000 bytes that are read' },
    ],
  });
});

test("a PDF that inflates to more than memory has room for is ended, and the others are read", async () => {
  write("bomb.pdf", makePdfBomb(1_500));
  write("good.pdf", makePdf(["apples"]));
  const { search } = toolsOf();
  expect(await search({ query: "apples" })).toMatchObject({
    passages: [{ source: "good.pdf:1-1" }],
    notRead: [{ path: "bomb.pdf", why: expect.stringContaining("512 MiB of memory") }],
  });
});

test.each([
  [{ files: 2 }, "more than 2 files"],
  [{ passages: 2 }, "more than 2 passages"],
  [{ characters: 10 }, "more than 10 characters"],
])("a folder past %j is refused in so many words", async (limits, message) => {
  for (const name of ["a", "b", "c"]) write(`${name}.txt`, "apples");
  const { search } = toolsOf({ limits });
  await expect(search({ query: "apples" })).rejects.toThrow(message);
});

test("links out of the folder, and hidden files, are neither searched nor read", async () => {
  write("docs/a.txt", "apples");
  write("outside.txt", "apples of others");
  write("docs/.env.txt", "apples of the operator");
  symlinkSync(join(root, "outside.txt"), join(root, "docs", "link.txt"));
  symlinkSync(root, join(root, "docs", "up"));
  const { sources, read } = toolsOf({ folder: join(root, "docs") });
  expect(await sources("apples")).toEqual(["a.txt:1-1"]);
  for (const path of ["link.txt", "up/outside.txt", "../outside.txt", ".env.txt"])
    await expect(read({ path })).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("with vectors, passages are found whose words nobody said, in one order with those of words", async () => {
  write("a.txt", "A cat sleeps on the sofa.");
  write("b.txt", "Quarterly invoices are due in June.");
  write("c.txt", "The kitten plays.");
  const embedder = createTextEmbedder(await openWordVectors());
  const embed: Embed = (texts) => embedder.embed("any", texts, { signal });
  const { search, sources } = toolsOf({ embed, name: "notes" });
  expect(await sources("invoices")).toHaveLength(3);
  expect((await sources("invoices"))[0]).toBe("b.txt:1-1");
  expect((await sources("feline pet", { limit: 2 })).toSorted()).toEqual(["a.txt:1-1", "c.txt:1-1"]);
  expect(await search({ query: "invoices", limit: 1 })).toMatchObject({
    ...{ how: "by words and by meaning", passages: [{ places: "words 1, meaning 1" }] },
  });
});

test("when vectors cannot be had, words find alone, and the answer says so", async () => {
  write("a.txt", "apples");
  let answer: readonly (readonly number[])[] | Error = new Error("no such model");
  const { search } = toolsOf({
    embed: async () => {
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const found = { passages: [{ source: "a.txt:1-1" }] };
  expect(await search({ query: "apples" })).toMatchObject({ ...found, how: "by words alone: no such model" });
  answer = [];
  expect(await search({ query: "apples" })).toMatchObject({
    ...found,
    how: expect.stringContaining("0 vectors for 1"),
  });
  answer = [[Number.NaN, 1]];
  expect(await search({ query: "apples" })).toMatchObject({ ...found, how: expect.stringContaining("no number") });
});

test("a search that is given up ends the reading, and the next one does it", async () => {
  for (let at = 0; at < 50; at += 1) write(`${at}.txt`, `apples ${at}`);
  const { index, find } = openIndex();
  const stop = new AbortController();
  const given = index.search("apples", 5, () => true, stop.signal);
  stop.abort(new Error("enough"));
  await expect(given).rejects.toThrow("enough");
  expect(await find("apples")).toHaveLength(5);
  expect(index.state.documents).toBe(50);
});

test("a folder that is not there is said, without where it was looked for", async () => {
  const { search } = toolsOf({ folder: join(root, "nowhere") });
  await expect(search({ query: "x" })).rejects.toMatchObject({
    ...{ code: "NOT_FOUND", message: "the folder of these tools cannot be opened: ENOENT" },
  });
});

test("a mistake in the limits is told when the tools are made", () => {
  expect(() => documentTools({ folder: root, limits: { files: 0 } })).toThrow("limits.files: expected a whole number");
});

test("a PDF that is named is read by pages, within its folder", async () => {
  write("three.pdf", makePdf(["One", "Two", `${"x".repeat(99)}\n`.repeat(450)]));
  write("text.pdf", "no PDF");
  symlinkSync(join(root, "three.pdf"), join(root, "link.pdf"));
  const [tool] = pdfTools({ root });
  const read = (input: object) => use(tool, input);
  expect(await read({ path: "three.pdf", pages: 1 })).toEqual({
    ...{ path: "three.pdf", pages: [{ page: 1, text: "One" }], totalPages: 3, nextPage: 2 },
  });
  expect(await read({ path: "three.pdf" })).toMatchObject({ pages: [{ text: "One" }, { text: "Two" }], nextPage: 3 });
  const last = await read({ path: "three.pdf", fromPage: 3 });
  expect(last).toMatchObject({ pages: [{ page: 3, cut: true }] });
  expect(last).not.toHaveProperty("nextPage");
  await expect(read({ path: "three.pdf", fromPage: 4 })).rejects.toThrow("has 3 pages");
  await expect(read({ path: "text.pdf" })).rejects.toThrow("cannot be read");
  await expect(read({ path: "link.pdf" })).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
});
