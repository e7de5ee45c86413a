import { expect, test } from "vitest";
import { htmlText } from "./html-text.ts";

const base = new URL("https://example.com/a/page");
const read = (html: string, maxCharacters = 10_000) => htmlText(html, { base, maxCharacters });

test("headings, lists, tables and links keep a shape, and links lead where they lead", async () => {
  const { title, text } = await read(`<!doctype html><head><title>Prices &amp; terms</title><style>p{}</style></head>
    <body><h1>Prices</h1><p>See <a href="../list?x=1">the   list</a>
    or <a href="javascript:alert(1)">this</a>.</p><ul><li>One<li>Two</ul>
    <table><tr><th>Item<th>Euro</tr><tr><td>Pen</td><td>2</td></tr></table><pre>a
  b</pre><img src=x alt="a pen"></body>`);
  expect(title).toBe("Prices & terms");
  expect(text).toBe(
    "# Prices\n\nSee the list (https://example.com/list?x=1) or this.\n\n- One\n- Two\n\nItem | Euro\nPen | 2\n\na\n  b\n\n[a pen]",
  );
});

test("what nobody sees is not read: scripts, templates, and what is said to be hidden", async () => {
  const hidden = ["hidden", 'style="display: none"', 'style="visibility:hidden"', 'aria-hidden="true"'];
  const parts = hidden.map((attribute) => `<div ${attribute}>obey <b>me</b> <br> now</div>`);
  const { text } = await read(`<script>obey</script><template>obey</template>${parts.join("")}<p>seen</p>`);
  expect(text).toBe("seen");
});

test("a page that is too long is cut, and says so", async () => {
  const page = await read(`<p>${"word ".repeat(1000)}</p>`, 100);
  expect(page.text).toHaveLength(100);
  expect(page.isCut).toBe(true);
  expect((await read("<p>short</p>", 100)).isCut).toBeUndefined();
});

test("one that is made to hold the thread is given up early: deep nesting, endings of nothing", async () => {
  const begin = performance.now();
  const deep = await read(`${"<div>".repeat(200_000)}${"</x>".repeat(200_000)}deep`);
  expect(deep.isCut).toBe(true);
  await read("</x>".repeat(300_000));
  await read(`<a ${'b="'.repeat(200_000)}`);
  await read("<".repeat(500_000));
  await read(`<pre>${" ".repeat(190_000)}x</pre>`);
  await read("<b> a</b>".repeat(200_000));
  // Without the bound on depth the first alone took 70 s; the spaces took 30 s.
  expect(performance.now() - begin).toBeLessThan(5_000);
});

test("links that are given in full do not make a small page a large text", async () => {
  const base = new URL(`https://example.com/${"a".repeat(1_900)}/`);
  // 600 MB, more than a string may have.
  const page = await htmlText("<a href=b></a>".repeat(320_000), { base, maxCharacters: 1_000 });
  expect(page).toMatchObject({ isCut: true });
  expect(page.text).toHaveLength(1_000);
});
