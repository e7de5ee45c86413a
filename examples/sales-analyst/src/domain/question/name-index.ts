import type { Catalogue } from "../catalogue.ts";
import type { FilterField } from "../intent.ts";
import { filterFields } from "../intent.ts";
import { singular } from "./token.ts";

interface Name {
  readonly field: FilterField;
  readonly name: string;
  readonly words: readonly string[];
}

const adjectives: Readonly<Record<string, string>> = {
  northern: "north",
  southern: "south",
  eastern: "east",
  western: "west",
};

/** Finds the names of the data in a question. A name counts only when it is said in full, in the singular or the plural. */
export class NameIndex {
  readonly #byFirstWord = new Map<string, Name[]>();
  readonly #names: readonly Name[];

  constructor({ names }: Catalogue) {
    this.#names = filterFields.flatMap((field) =>
      names[field].map((name) => ({ field, name, words: name.toLowerCase().split(/\s+/).map(singular) })),
    );
    for (const name of this.#names) {
      const first = name.words[0] ?? "";
      this.#byFirstWord.set(first, [...(this.#byFirstWord.get(first) ?? []), name]);
    }
  }

  /** The longest name that begins at this word. */
  find(words: readonly string[], at: number): Name | undefined {
    const word = (index: number): string => {
      const text = words[index] ?? "";
      return singular(adjectives[text] ?? text);
    };
    return (this.#byFirstWord.get(word(at)) ?? [])
      .filter((name) => name.words.every((part, offset) => part === word(at + offset)))
      .reduce<Name | undefined>(
        (best, name) => (best && best.words.length >= name.words.length ? best : name),
        undefined,
      );
  }

  /** Names a misunderstood word may be a part of, for the refusal; never used to answer. */
  near(word: string): readonly string[] {
    return this.#names
      .filter(({ field, words }) => field !== "customer" && words.includes(singular(word)))
      .map(({ name }) => name)
      .slice(0, 5);
  }
}
