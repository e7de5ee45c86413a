/**
 * Peers are plain JavaScript, loaded when a benchmark runs: they are installed on first use only, and the repository's
 * type check must not depend on them.
 */
export const loadPeer = async <T>(name: string): Promise<T> =>
  (await import(new URL(`peers/${name}.mjs`, import.meta.url).href)) as T;
