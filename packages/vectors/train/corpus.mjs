// What the vectors are learned from, as lines of words. The licence of each source is in ../NOTICE.md.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** English words in lower case, and numbers. */
export const wordsOf = (text) => text.toLowerCase().match(/[a-z]+(?:'[a-z]+)?|\d+/g) ?? [];

const MIN_WORDS = 4;
const lineOf = (text) => {
  const words = wordsOf(text);
  return words.length < MIN_WORDS ? [] : [words.join(" ")];
};

// Hypernyms, and what comes of the same root in another part of speech.
const RELATIONS = new Set(["@", "@i", "+"]);

/** Glosses and examples of WordNet, and lines in which a synset stands beside what it is a kind of. */
export const wordnetLines = ({ synsets }) => {
  const lines = [];
  const spelled = (words) => words.join(" ").replaceAll("_", " ");
  for (const { words, gloss, pointers } of synsets.values()) {
    const [meaning = "", ...examples] = gloss.split('"');
    // Synonyms stand on either side, so that a window holds them and the gloss.
    const own = spelled(words);
    lines.push(...lineOf(`${own} ${meaning} ${own}`), ...examples.flatMap(lineOf));
    const keys = new Set(pointers.filter(({ symbol }) => RELATIONS.has(symbol)).map(({ key }) => key));
    const related = [...keys].map((key) => spelled(synsets.get(key)?.words ?? [])).join(" ");
    if (related !== "") lines.push(...lineOf(`${own} ${related} ${own}`));
  }
  return lines;
};

const FREE = /^\(?(MIT|ISC|BSD(-[23]-Clause)?|0BSD|Apache-2\.0|Unlicense|CC0-1\.0|BlueOak-1\.0\.0)\b/;

/** READMEs of the packages that this repository installs, where their licence lets them go anywhere; and its own pages. */
export const repositoryLines = (root) => {
  const lines = [];
  const add = (file) => {
    const text = readFileSync(file, "utf8").replaceAll(/```[\s\S]*?```|<[^>]*>|https?:\S+/g, " ");
    for (const paragraph of text.split("\n\n")) lines.push(...lineOf(paragraph));
  };
  for (const entry of readdirSync(join(root, "node_modules"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/^readme(\.md)?$/i.test(entry.name)) continue;
    const manifest = join(entry.parentPath, "package.json");
    if (existsSync(manifest) && FREE.test(JSON.parse(readFileSync(manifest, "utf8")).license ?? ""))
      add(join(entry.parentPath, entry.name));
  }
  // The page on discovery quotes what is measured with.
  for (const page of readdirSync(join(root, "docs"), { recursive: true }))
    if (page.endsWith(".md") && page !== "discovery.md") add(join(root, "docs", page));
  return lines;
};

/** What presidents of the United States said to congress, 1790 on. */
export const speechLines = (folder) =>
  readdirSync(join(folder, "data"))
    .filter((name) => name.endsWith(".txt"))
    .toSorted()
    .flatMap((name) =>
      readFileSync(join(folder, "data", name), "utf8")
        .split(/\n\s*\n/)
        .flatMap(lineOf),
    );
