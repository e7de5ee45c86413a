import { markersIn } from "agentcore/guardrails";

/** As the search gives it. */
export interface Passage {
  /** `path:fromLine-toLine` */
  readonly source: string;
  readonly heading?: string | undefined;
  readonly text: string;
}

export interface KeptPassage extends Passage {
  /** It speaks to a machine, as texts do that want to give it orders: nothing rests on it alone. Null: it does not. */
  readonly suspicion: string | null;
}

// Some 40 × 1,000 characters: what a model can read at once, with room for an answer.
const MAX_PASSAGES = 40;

/** What was found so far. */
export class Evidence {
  private readonly bySource = new Map<string, KeptPassage>();

  /** How many of them are new. Past the bound none is taken. */
  add(passages: readonly Passage[]): number {
    const before = this.bySource.size;
    for (const passage of passages) {
      if (this.bySource.size >= MAX_PASSAGES) break;
      if (!this.bySource.has(passage.source))
        this.bySource.set(passage.source, { ...passage, suspicion: markersIn(passage.text)[0] ?? null });
    }
    return this.bySource.size - before;
  }

  get(source: string): KeptPassage | undefined {
    return this.bySource.get(source);
  }

  get all(): readonly KeptPassage[] {
    return [...this.bySource.values()];
  }

  get isFull(): boolean {
    return this.bySource.size >= MAX_PASSAGES;
  }
}
