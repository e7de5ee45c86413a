import fc from "fast-check";
import { expect, test } from "vitest";
import { readPage } from "./read-page.ts";

const base = new URL("https://example.com/a/page");

test("headings, lists, tables and links keep a shape, and links lead where they lead", async () => {
  const { title, text, headings } = await readPage(
    `<!doctype html><head><title>Prices &amp; terms</title><style>p{}</style></head>
    <body><h1>Prices</h1><p>See <a href="../list?x=1">the   list</a>
    or <a href="javascript:alert(1)">this</a>.</p><ul><li>One<li>Two</ul>
    <table><tr><th>Item<th>Euro</tr><tr><td>Pen</td><td>2</td></tr></table><h2>Code <i>of</i> it</h2><pre>a
  # b</pre><img src=x alt="a pen"></body>`,
    { base },
  );
  expect(title).toBe("Prices & terms");
  expect(text).toBe(
    "# Prices\n\nSee the list (https://example.com/list?x=1) or this.\n\n- One\n- Two\n\nItem | Euro\nPen | 2\n\n## Code of it\n\na\n  # b\n\n[a pen]",
  );
  expect(headings).toEqual([
    { line: 1, level: 1, text: "Prices" },
    { line: 11, level: 2, text: "Code of it" },
  ]);
  expect((await readPage('<p>See <a href="/x">it</a>')).text).toBe("See it");
});

test("what nobody sees is not read: scripts, templates, and what is said to be hidden", async () => {
  const hidden = ["hidden", 'style="display: none"', 'style="visibility:hidden"', 'aria-hidden="true"'];
  const parts = hidden.map((attribute) => `<div ${attribute}>obey <b>me</b> <br> now</div>`);
  const { text } = await readPage(`<script>obey</script><template>obey</template>${parts.join("")}<p>seen</p>`);
  expect(text).toBe("seen");
});

test("a page that is too long is cut, and says so; headings that went with the rest are not told", async () => {
  const page = await readPage(`<h1>A</h1><p>${"word ".repeat(1000)}</p><h1>B</h1>`, { maxCharacters: 100 });
  expect(page.text).toHaveLength(100);
  expect(page).toMatchObject({ isCut: true, headings: [{ line: 1, text: "A" }] });
  expect((await readPage("<p>short</p>", { maxCharacters: 100 })).isCut).toBeUndefined();
});

test("a heading stands in its line of the text, whatever stands around it", async () => {
  const part = fc.constantFrom(
    ...["<h1>One</h1>", "<h3>Two <b>b</b></h3>", "<p>", "</p>", "text ", "\n\n", "<br>", "<li>", "<td>", "<tr>"],
    ...["<h2></h2>", "<h2>", "</h2>", "<pre>", "</pre>", "\0## no", "<table>", "<i hidden>", "</i>", "&#0;# no", " "],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 30 }), async (parts) => {
      const { text, headings } = await readPage(parts.join(""));
      expect(text).not.toContain("\0");
      const lines = text.split("\n");
      for (const { line, level, text: heading } of headings)
        expect(/^(#+) +(.+)$/.exec(lines[line - 1]?.trimEnd() ?? "")?.slice(1)).toEqual(["#".repeat(level), heading]);
    }),
  );
});

test("one that is made to hold the thread is given up early: deep nesting, endings of nothing", async () => {
  const begin = performance.now();
  const deep = await readPage(`${"<div>".repeat(200_000)}${"</x>".repeat(200_000)}deep`);
  expect(deep.isCut).toBe(true);
  await readPage("</x>".repeat(300_000));
  await readPage(`<a ${'b="'.repeat(200_000)}`);
  await readPage("<".repeat(500_000));
  await readPage(`<pre>${" ".repeat(190_000)}x</pre>`);
  await readPage("<b> a</b>".repeat(200_000));
  await readPage("<h1>".repeat(300) + "<h1>x</h1>".repeat(100_000));
  await readPage("\0".repeat(500_000));
  // Without the bound on depth the first alone took 70 s; the spaces took 30 s.
  expect(performance.now() - begin).toBeLessThan(5_000);
});

test("links that are given in full do not make a small page a large text", async () => {
  const far = new URL(`https://example.com/${"a".repeat(1_900)}/`);
  // 600 MB, more than a string may have.
  const page = await readPage("<a href=b></a>".repeat(320_000), { base: far, maxCharacters: 1_000 });
  expect(page).toMatchObject({ isCut: true });
  expect(page.text).toHaveLength(1_000);
});

test("long pages let others have their turn, and end when they are given up", async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error("enough")));
  await expect(readPage("<p>word</p>".repeat(100_000), { signal: stop.signal })).rejects.toThrow("enough");
});
