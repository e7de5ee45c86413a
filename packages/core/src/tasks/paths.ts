import { PlatformError } from "@agentcore/contract";

// It stands in every event of the call.
const MAX_LENGTH = 4096;
const OCCURRENCE = /#\d+$/;

/**
 * Names calls by where they stand in the code: enclosing branch, name, key, occurrence. Occurrences count completed
 * calls of the same name, so a loop's third turn is `fetch#3` in every run; two under way with one path cannot be told
 * apart after a crash and are refused. A path that ends in a number of its own is never another's: the first call named
 * `fetch#3` is `fetch#3#1`.
 */
export class Paths {
  private readonly occurrences = new Map<string, number>();
  private readonly underWay = new Set<string>();

  /** Throws STEP_KEY_COLLISION, TOO_LARGE. */
  enter(kind: string, name: string, key?: string): string {
    const stem = stemOf(kind, name, key);
    if (this.underWay.has(stem)) {
      throw new PlatformError(
        "STEP_KEY_COLLISION",
        `two calls "${stem}" are under way at once; give each a key: { key: … }`,
        {
          details: { path: stem },
        },
      );
    }
    this.underWay.add(stem);
    return this.next(stem);
  }

  /** The path that `enter` would give now. */
  peek(kind: string, name: string, key?: string): string {
    const stem = stemOf(kind, name, key);
    return pathOf(stem, (this.occurrences.get(stem) ?? 0) + 1);
  }

  /** Calls that are recorded at once and never under way (progress, artifacts). */
  mark(kind: string, name: string): string {
    return this.next(bounded(`${kind}:${name}`));
  }

  leave(path: string): void {
    this.underWay.delete(path.replace(OCCURRENCE, ""));
  }

  private next(stem: string): string {
    const occurrence = (this.occurrences.get(stem) ?? 0) + 1;
    this.occurrences.set(stem, occurrence);
    return pathOf(stem, occurrence);
  }
}

/** Throws TOO_LARGE. */
const stemOf = (kind: string, name: string, key: string | undefined): string =>
  bounded(key === undefined ? `${kind}:${name}` : `${kind}:${name}[${key}]`);

const pathOf = (stem: string, occurrence: number): string =>
  occurrence === 1 && !OCCURRENCE.test(stem) ? stem : `${stem}#${occurrence}`;

const bounded = (stem: string): string => {
  if (stem.length <= MAX_LENGTH) return stem;
  throw new PlatformError(
    "TOO_LARGE",
    `name and key of the call ${stem.slice(0, 60)}… have ${stem.length} characters, ${MAX_LENGTH} are allowed; a key is an id, not the content`,
  );
};
