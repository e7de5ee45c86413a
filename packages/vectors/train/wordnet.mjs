// WordNet as a graph: synsets, their words, what points to what, and the words that their glosses are written in.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const KINDS = { n: "noun", v: "verb", a: "adj", s: "adj", r: "adv" };

export const readWordnet = (folder) => {
  const synsets = new Map();
  /** Synsets of a word, the most usual sense of each kind first. */
  const senses = new Map();
  for (const kind of new Set(Object.values(KINDS))) {
    for (const row of readFileSync(join(folder, "dict", `data.${kind}`), "utf8").split("\n")) {
      const [head = "", gloss = ""] = row.split(" | ");
      const fields = head.split(" ");
      const [offset, , , count] = fields;
      if (gloss === "" || count === undefined) continue;
      const size = Number.parseInt(count, 16);
      // Of an adjective its place in the sentence stands behind it, in brackets.
      const words = Array.from({ length: size }, (_, index) =>
        fields[4 + index * 2].replace(/\(\w+\)$/, "").toLowerCase(),
      );
      const first = 4 + size * 2;
      const pointers = Array.from({ length: Number(fields[first]) }, (_, index) => {
        const [symbol, to, part] = fields.slice(first + 1 + index * 4);
        return { symbol, key: `${KINDS[part]} ${to}` };
      });
      synsets.set(`${kind} ${offset}`, { words, gloss, pointers });
    }
    for (const row of readFileSync(join(folder, "dict", `index.${kind}`), "utf8").split("\n")) {
      if (row.startsWith(" ") || row === "") continue;
      const fields = row.trim().split(" ");
      const [word, , count, pointerCount] = fields;
      const offsets = fields.slice(6 + Number(pointerCount), 6 + Number(pointerCount) + Number(count));
      const known = senses.get(word) ?? [];
      known.push(...offsets.map((offset) => `${kind} ${offset}`));
      senses.set(word, known);
    }
  }
  return { synsets, senses };
};

// Endings that WordNet's own look-up takes off, longest first.
const ENDINGS = [
  ["ies", "y"],
  ["ches", "ch"],
  ["shes", "sh"],
  ["ses", "s"],
  ["xes", "x"],
  ["zes", "z"],
  ["men", "man"],
  ["ing", "e"],
  ["ing", ""],
  ["est", "e"],
  ["est", ""],
  ["ed", "e"],
  ["ed", ""],
  ["es", "e"],
  ["es", ""],
  ["er", "e"],
  ["er", ""],
  ["s", ""],
];

/** The form a word has in WordNet; the word itself where there is none. */
export const createLemmatiser = ({ senses }) => {
  const known = new Map();
  const lemmaOf = (word) => {
    if (senses.has(word) || word.length < 4) return word;
    for (const [ending, by] of ENDINGS) {
      if (!word.endsWith(ending)) continue;
      const stem = word.slice(0, -ending.length) + by;
      if (stem.length > 1 && senses.has(stem)) return stem;
      const single = /(.)\1$/.test(stem) ? stem.slice(0, -1) : stem;
      if (single !== stem && senses.has(single)) return single;
    }
    return word;
  };
  return (word) => {
    let lemma = known.get(word);
    if (lemma === undefined) known.set(word, (lemma = lemmaOf(word)));
    return lemma;
  };
};

/** The same numbers each time: the vectors can be made again. */
const createRandom = (seed) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const GO_ON = 0.85;
// A word of a gloss has the sense that is usual, mostly.
const USUAL = 0.65;
const ANTONYM = "!";

/**
 * Walks over the graph, a line each: from a synset along a pointer, or to one of the words of its gloss, and each time one of its words is written down
 * (Goikoetxea, Soroa, Agirre 2015). What is near in the graph comes to be near in the lines.
 */
export const walkLines = ({ synsets, senses }, { tokens, wordsOf, isContent, lemmaOf, seed = 1 }) => {
  const random = createRandom(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const keys = [...synsets.keys()];
  const neighbours = new Map();
  const neighboursOf = (key) => {
    const known = neighbours.get(key);
    if (known !== undefined) return known;
    const { gloss, pointers, words } = synsets.get(key);
    const related = pointers
      .filter(({ symbol, key: to }) => symbol !== ANTONYM && synsets.has(to))
      .map(({ key: to }) => to);
    const [meaning = ""] = gloss.split('"');
    const named = [...new Set(wordsOf(meaning).filter(isContent).map(lemmaOf))].filter(
      (word) => senses.has(word) && !words.includes(word),
    );
    const made = { related, named };
    neighbours.set(key, made);
    return made;
  };
  const lines = [];
  for (let written = 0; written < tokens; ) {
    const line = [];
    let key = pick(keys);
    for (;;) {
      const { words } = synsets.get(key);
      line.push(...wordsOf(pick(words).replaceAll(/[_-]/g, " ")));
      if (random() > GO_ON) break;
      const { related, named } = neighboursOf(key);
      if (related.length + named.length === 0) break;
      if (related.length > 0 && (named.length === 0 || random() < 0.5)) key = pick(related);
      else {
        const meanings = senses.get(pick(named));
        let at = 0;
        while (at < meanings.length - 1 && random() > USUAL) at += 1;
        key = meanings[at];
      }
    }
    if (line.length < 2) continue;
    lines.push(line.join(" "));
    written += line.length;
  }
  return lines;
};
