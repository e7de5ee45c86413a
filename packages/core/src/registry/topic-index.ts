import { PlatformError } from "@agentcore/contract";

const PATTERN = /^(\*|[\w-]+(\.[\w-]+)*(\.\*)?)$/;

/** Throws INVALID_ARGUMENT for a `*` anywhere but at the end. */
export const assertTopicPattern = (pattern: string): void => {
  if (PATTERN.test(pattern)) return;
  throw new PlatformError("INVALID_ARGUMENT", `"${pattern}" is not a topic pattern: expected a.b, a.* or *`);
};

/** Every pattern that a topic fits, itself first. */
export const patternsOf = (topic: string): readonly string[] => {
  const patterns = [topic];
  for (let dot = topic.lastIndexOf("."); dot > 0; dot = topic.lastIndexOf(".", dot - 1))
    patterns.push(`${topic.slice(0, dot)}.*`);
  return [...patterns, "*"];
};

/**
 * Subscriptions of one tenant by topic. A pattern is a topic (`loan.decided`), a topic and everything below it
 * (`loan.*`: one or more further segments) or `*`. A look-up costs one map access per segment, however many subscribe.
 */
export class TopicIndex<T> {
  readonly #byPattern = new Map<string, Set<T>>();
  #size = 0;

  /** Subscriptions held. */
  get size(): number {
    return this.#size;
  }

  /** Idempotent per (pattern, value). Throws INVALID_ARGUMENT for a `*` anywhere but at the end. */
  add(pattern: string, value: T): void {
    assertTopicPattern(pattern);
    let values = this.#byPattern.get(pattern);
    if (values === undefined) this.#byPattern.set(pattern, (values = new Set()));
    if (values.has(value)) return;
    values.add(value);
    this.#size++;
  }

  delete(pattern: string, value: T): void {
    const values = this.#byPattern.get(pattern);
    if (values === undefined || !values.delete(value)) return;
    this.#size--;
    if (values.size === 0) this.#byPattern.delete(pattern);
  }

  /** Everyone who subscribed to `topic`, each once even when several of its patterns match. */
  match(topic: string): T[] {
    if (this.#size === 0) return [];
    const found = new Set<T>();
    for (const pattern of patternsOf(topic)) for (const value of this.#byPattern.get(pattern) ?? []) found.add(value);
    return [...found];
  }
}
