import { expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const entry = (id: string) => ({
  ...{ id, pool: "agent:clerk", text: `tea\n${"x".repeat(80)}`, tags: [], writtenBy: "agent:clerk", importance: 0.5 },
  ...{ at: 0, lastUsedAt: 0, uses: 2, source: { taskId: "t1", path: "p", contextId: "c", caller: "ann" } },
});

test("pools, their memories and one of them are shown, texts on one line", async () => {
  const { url } = await startFakeNode({
    answers: {
      "GET /api/v1/memory": {
        pools: [{ name: "agent:clerk", entries: 3, maxEntries: 10, embedder: null, declared: true, createdAt: 0 }],
        nextAfter: null,
      },
      "GET /api/v1/memory/entries": { entries: [entry("a"), entry("b")], nextAfter: "b" },
      "GET /api/v1/memory/entries/a": entry("a"),
    },
  });
  expect((await runInTest(["memory", "--url", url])).stdout).toMatch(/^agent:clerk +3 +10 +-$/m);
  const listed = await runInTest(["memory", "list", "agent:clerk", "--limit", "2", "--url", url]);
  expect(listed.stdout).toMatch(/^a +tea x+… +agent:clerk +1970-01-01T00:00:00.000Z +2$/m);
  expect(listed.stderr).toContain("there are more: --limit NUMBER");
  const shown = await runInTest(["memory", "show", "agent:clerk", "a", "--url", url]);
  expect(shown.stdout).toContain("t1 p");
});

test("what is recalled is shown with why, and how it was searched", async () => {
  const { url, requests } = await startFakeNode({
    answers: {
      "POST /api/v1/memory/recall": {
        memories: [{ ...entry("a"), score: 0.5, reasons: ["words", "recency"] }],
        reasons: ["by words alone: there is no embedder"],
      },
    },
  });
  const ran = await runInTest(["memory", "recall", "team", "tea", "--tag", "x", "--limit", "3", "--url", url]);
  expect(ran.stdout).toMatch(/^a +0\.50 +tea x+… +words; recency$/m);
  expect(ran.stderr).toContain("by words alone");
  expect(requests.at(-1)?.body).toEqual({ pool: "team", query: "tea", limit: 3, tags: ["x"] });
});

test("what is forgotten is said exactly, or nothing is sent", async () => {
  const { url, requests } = await startFakeNode({ answers: { "POST /api/v1/memory/forget": { count: 2, ids: [] } } });
  const forget = (...words: readonly string[]) => runInTest(["memory", "forget", ...words, "--url", url]);
  expect((await forget("--caller", "ann")).stdout).toBe("2 memories forgotten\n");
  expect(requests.at(-1)?.body).toEqual({ caller: "ann" });
  await forget("team", "--all");
  expect(requests.at(-1)?.body).toEqual({ all: true, pool: "team" });
  const before = requests.length;
  for (const words of [["team"], ["--all"], ["--id", "a"], ["team", "--id", "a", "--all"]])
    expect(await forget(...words)).toMatchObject({ code: 2 });
  expect(requests).toHaveLength(before);
});
