/** What the agents of one tenant say of themselves, ready to be searched; follows the registry when it is asked, and costs nothing before. */
import type { WordVectors } from "../ports/index.ts";
import type { AgentRecord } from "../registry/index.ts";
import { type AgentWord, agentText, agentWords } from "./agent-words.ts";
import { WordIndex, type WordMatch } from "./word-index.ts";
import { plainWords, type Word } from "./words-of.ts";

export interface IndexedAgent {
  readonly record: AgentRecord;
  /** All that it says of itself. */
  readonly text: string;
}

interface Entry extends IndexedAgent {
  readonly place: number;
  readonly words: ReadonlyMap<string, AgentWord>;
}

export interface Match extends WordMatch {
  readonly agent: IndexedAgent;
}

export class TenantIndex {
  readonly #words: WordIndex;
  readonly #byName = new Map<string, Entry>();
  readonly #byPlace: (Entry | undefined)[] = [];
  /** By plain words: whose name, skill or tag that is, and which of these. */
  readonly #exact = new Map<string, Map<string, string>>();

  constructor(vectors: WordVectors | null) {
    this.#words = new WordIndex(vectors);
  }

  agents(): Iterable<IndexedAgent> {
    return this.#byName.values();
  }

  /** Takes in what has changed: an agent that says the same as before is not looked at again. */
  follow(records: readonly AgentRecord[]): void {
    const gone = new Set(this.#byName.keys());
    for (const record of records) {
      gone.delete(record.name);
      const known = this.#byName.get(record.name);
      if (known?.record === record) continue;
      const isSame = known?.record.skills === record.skills && known.record.description === record.description;
      const text = isSame ? known.text : agentText(record);
      if (known !== undefined && text === known.text) this.#put({ ...known, record });
      else {
        this.#remove(record.name);
        const words = agentWords(record);
        this.#put({ record, text, words, place: this.#words.add(words) });
        for (const [spelled, why] of callsOf(record)) {
          const named = this.#exact.get(spelled) ?? new Map<string, string>();
          if (!named.has(record.name)) named.set(record.name, why);
          this.#exact.set(spelled, named);
        }
      }
    }
    for (const name of gone) this.#remove(name);
  }

  /** Those that have anything to do with the words, and those whose names are given besides. In no order. */
  search(asked: readonly Word[], besides: ReadonlyMap<string, unknown>): Match[] {
    const matches = this.#words.search(asked).flatMap((match) => {
      const agent = this.#byPlace[match.place];
      return agent === undefined ? [] : [{ ...match, agent }];
    });
    const matched = new Set(matches.map(({ agent }) => agent.record.name));
    for (const name of besides.keys()) {
      const agent = this.#byName.get(name);
      if (agent !== undefined && !matched.has(name))
        matches.push({ agent, place: agent.place, words: 0, meaning: 0, covered: 0, said: 0, titles: 0 });
    }
    return matches;
  }

  /** Those of whom the words are the name, a skill or a tag, with which of these it is. */
  exact(need: string): { readonly agent: IndexedAgent; readonly why: string }[] {
    return [...(this.#exact.get(plainWords(need)) ?? [])].flatMap(([name, why]) => {
      const agent = this.#byName.get(name);
      return agent === undefined ? [] : [{ agent, why }];
    });
  }

  why(asked: readonly Word[], { place }: Match): string {
    const words = this.#byPlace[place]?.words;
    return words === undefined ? "" : this.#words.why(asked, words);
  }

  #put(entry: Entry): void {
    this.#byName.set(entry.record.name, entry);
    this.#byPlace[entry.place] = entry;
  }

  #remove(name: string): void {
    const entry = this.#byName.get(name);
    if (entry === undefined) return;
    this.#words.remove(entry.place, entry.words);
    this.#byName.delete(name);
    this.#byPlace[entry.place] = undefined;
    for (const [spelled] of callsOf(entry.record)) {
      const named = this.#exact.get(spelled);
      named?.delete(name);
      if (named?.size === 0) this.#exact.delete(spelled);
    }
  }
}

/** What may be said to mean just this agent, the strongest first. */
const callsOf = ({ name, skills }: AgentRecord): (readonly [spelled: string, why: string])[] => [
  [plainWords(name), "it is called that"],
  ...skills.flatMap(({ id, name: title, tags }) => [
    [plainWords(id), `that is its skill ${id}`] as const,
    ...(title === "" ? [] : [[plainWords(title), `that is its skill ${id}`] as const]),
    ...tags.map((tag) => [plainWords(tag), `its skill ${id} has that tag`] as const),
  ]),
];
