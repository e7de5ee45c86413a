/** What every Embedder must do, whatever texts it gets. Runner-independent, like taskStoreSuite. */
import type { Embedder } from "../ports/embedder.ts";
import { ensure, equal } from "./assertions.ts";

export interface EmbedderSuiteOptions {
  readonly name: string;
  readonly open: () => Promise<{ readonly embedder: Embedder; close(): Promise<void> }>;
  readonly test: (name: string, run: () => Promise<void>) => void;
}

type Vector = Float32Array | readonly number[];
type Case = readonly [name: string, run: (embedder: Embedder) => Promise<void>];

const MAX_TEXTS = 100;
/** Any language, no language, nothing at all, and more than anybody reads. */
const ODD_TEXTS = [
  ...["", " ", "\n\t", "?", "7", "a", "🎉", "\ud800", "\u0000", "__proto__", "constructor"],
  ...["请把这些账单的总数算出来", "Счёт за март ещё не оплачен", "الفاتورة", "Die Rechnung ist noch nicht bezahlt"],
  ...["word ".repeat(10_000), "x".repeat(20_000), "a\u0301".repeat(3_000)],
];

const embed = (embedder: Embedder, texts: readonly string[], tenantId = "acme"): Promise<readonly Vector[]> =>
  embedder.embed(tenantId, texts, { signal: new AbortController().signal });

const cosine = (a: Vector = [], b: Vector = []): number => {
  const dot = (left: Vector, right: Vector): number =>
    Array.from(left).reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

const CASES: readonly Case[] = [
  ["its name can be kept beside vectors", async ({ name }) => ensure(name.length > 0 && name.length <= 256, name)],
  [
    "any text has a vector with a direction, all of one length, in their order",
    async (embedder) => {
      const all = await embed(embedder, ODD_TEXTS);
      equal(all.length, ODD_TEXTS.length, "vectors");
      equal(new Set(all.map((vector) => vector.length)).size, 1, "lengths");
      for (const [at, vector] of all.entries()) {
        const text = JSON.stringify(ODD_TEXTS[at]?.slice(0, 20));
        ensure(Array.from(vector).every(Number.isFinite), `${text}: all of its numbers are numbers`);
        ensure(
          Array.from(vector).some((value) => value !== 0),
          `${text}: not all of its numbers are 0`,
        );
      }
      for (const [at, text] of ODD_TEXTS.entries()) {
        const [alone] = await embed(embedder, [text]);
        ensure(cosine(alone, all[at]) > 0.999, `${JSON.stringify(text.slice(0, 20))} alone is as among others`);
      }
    },
  ],
  [
    "a hundred texts at once have the vectors that they have one by one",
    async (embedder) => {
      const texts = Array.from({ length: MAX_TEXTS }, (_, at) => `bill number ${at} for the garden and the house`);
      const all = await embed(embedder, texts);
      equal(all.length, MAX_TEXTS, "vectors");
      for (const at of [0, 41, 99]) {
        const [alone] = await embed(embedder, [texts[at] ?? ""]);
        ensure(cosine(alone, all[at]) > 0.999, `text ${at}`);
      }
    },
  ],
  [
    "a text means the same to each tenant, and calls at once do not mix",
    async (embedder) => {
      const texts = ["pay the bill", "walk the dog", "translate a letter", "water the garden"];
      const [first = [], second = []] = await Promise.all(
        ["acme", "globex"].map((tenantId) =>
          Promise.all(texts.map(async (text) => (await embed(embedder, [text], tenantId))[0])),
        ),
      );
      for (const at of texts.keys()) ensure(cosine(first[at], second[at]) > 0.999, texts[at] ?? "");
    },
  ],
  [
    "who has left before it begins is told why, and the next is served",
    async (embedder) => {
      const reason = new Error("nobody waits");
      const leaving = new AbortController();
      leaving.abort(reason);
      const thrown = await embedder.embed("acme", ["late"], { signal: leaving.signal }).then(
        () => null,
        (error: unknown) => error,
      );
      ensure(thrown === reason, `expected what the signal aborts with, found ${String(thrown)}`);
      equal((await embed(embedder, ["next"])).length, 1, "vectors");
    },
  ],
];

export const embedderSuite = ({ name, open, test }: EmbedderSuiteOptions): void => {
  for (const [sentence, run] of CASES)
    test(`${name}: ${sentence}`, async () => {
      const { embedder, close } = await open();
      try {
        await run(embedder);
      } finally {
        await close();
      }
    });
};
