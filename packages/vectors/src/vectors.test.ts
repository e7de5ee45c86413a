import { embedderSuite } from "@agentcore/core/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createTextEmbedder, openWordVectors } from "./index.ts";
import { readVectorFile, writeVectorFile } from "./vector-file.ts";

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0);

test("what is written is read: directions to within a byte's step, weights, and base forms of words that are not there", () => {
  const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 });
  const vector = numbers.filter((row) => Math.hypot(...row) > 0.1);
  fc.assert(
    fc.property(vector, vector, (first, second) => {
      const vectors = readVectorFile(
        writeVectorFile([
          { word: "invoice", weight: 0.5, vector: first },
          { word: "pay", weight: 1, vector: second },
        ]),
        "test",
      );
      expect(vectors.dimensions).toBe(8);
      expect(dot(vectors.vectorOf("pay") ?? [], second) / Math.hypot(...second)).toBeGreaterThan(0.999);
      expect(vectors.vectorOf("invoices")).toEqual(vectors.vectorOf("invoice"));
      expect(vectors.vectorOf("paying")).toEqual(vectors.vectorOf("pay"));
      expect(vectors.vectorOf("payroll")).toBeUndefined();
      expect([vectors.weightOf("invoices"), vectors.weightOf("unheard")]).toEqual([expect.closeTo(0.5, 2), 1]);
    }),
  );
});

test("a file that is cut off, or no such file, is refused", () => {
  const whole = writeVectorFile([{ word: "a", weight: 1, vector: [1, 2] }]);
  for (const bytes of [whole.subarray(0, -1), whole.subarray(0, 10), new Uint8Array(), new Uint8Array(100)])
    expect(() => readVectorFile(bytes, "x")).toThrow(/x is no file of word vectors/);
});

test("the vectors that come with the package know what belongs together", async () => {
  const vectors = await openWordVectors();
  expect(vectors.name.length).toBeLessThan(257);
  const near = (a: string, b: string): number => dot(vectors.vectorOf(a) ?? [], vectors.vectorOf(b) ?? []);
  for (const [one, like, unlike] of [
    ["doctor", "physician", "invoice"],
    ["car", "automobile", "poem"],
    ["money", "cash", "weather"],
    ["flight", "airplane", "recipe"],
  ] as const)
    expect(near(one, like), `${one} and ${like}`).toBeGreaterThan(near(one, unlike) + 0.1);
});

test("a text's vector is near that of a text that means alike; of one without a known word too it has a direction", async () => {
  const embedder = createTextEmbedder(await openWordVectors());
  const [bill, invoice, garden, none] = await embedder.embed(
    "acme",
    [
      "the doctor treats a patient in hospital",
      "physicians cure the sick",
      "compile the source code",
      "xqzzy 77777777",
    ],
    { signal: new AbortController().signal },
  );
  const cosine = (a: ArrayLike<number> = [], b: ArrayLike<number> = []): number =>
    dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  expect(cosine(bill, invoice)).toBeGreaterThan(cosine(bill, garden));
  expect(Array.from(none ?? []).every(Number.isFinite)).toBe(true);
  expect(dot(none ?? [], none ?? [])).toBeGreaterThan(0);
});

embedderSuite({
  name: "the mean of words' vectors",
  test,
  open: async () => ({ embedder: createTextEmbedder(await openWordVectors()), close: async () => undefined }),
});
