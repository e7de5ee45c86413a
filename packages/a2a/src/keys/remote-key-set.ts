/**
 * Keys that somebody publishes at an address (a JWKS), as of lately: fetched when first needed, again when they are old or a
 * key is asked for that is not among them. An attacker who invents key ids causes one call a minute.
 */
import { PlatformError } from "@agentcore/contract/errors";
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type JWSHeaderParameters } from "jose";

export interface FetchOptions {
  readonly fetch: typeof fetch;
  /** Milliseconds, of which only differences mean anything: keys must not live longer because somebody sets the clock. */
  readonly monotonic: () => number;
  /** A fetch failed; no oftener than every 10 s. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

// From then on they are fetched again while they are in use, so that nobody waits for it.
const REFRESH_AGE_MS = 5 * 60_000;
// Revoked keys go within this time, as long as their publisher answers.
const MAX_AGE_MS = 10 * 60_000;
// While its publisher is away a set is used for as long as this, so that a short outage locks nobody out.
const MAX_STALE_MS = 60 * 60_000;
const UNKNOWN_KEY_INTERVAL_MS = 60_000;
// Between two tries when the publisher does not answer.
const RETRY_INTERVAL_MS = 10_000;
const TIMEOUT_MS = 5_000;
const MAX_DOCUMENT_BYTES = 256 * 1024;
const MAX_KEYS = 100;

export class RemoteKeySet {
  private readonly options: FetchOptions;
  private readonly locate: () => Promise<string>;
  private loaded: { readonly keys: KeySet; readonly at: number } | null = null;
  private loading: Promise<void> | null = null;
  private triedAt = Number.NEGATIVE_INFINITY;
  /** Of the last try; undefined when it brought keys. */
  private failure: unknown;

  /** `locate` gives the address, and is asked before every fetch. */
  constructor(locate: () => Promise<string>, options: FetchOptions) {
    this.locate = locate;
    this.options = options;
  }

  /** The key that a JWS names. Throws jose's JWKSNoMatchingKey and JWKSMultipleMatchingKeys; UPSTREAM_FAILED when there are no keys to look in. */
  async find(header: JWSHeaderParameters): Promise<CryptoKey> {
    const age = this.age();
    if (age > REFRESH_AGE_MS) {
      const isAway = this.failure !== undefined;
      const loading = this.load(RETRY_INTERVAL_MS);
      // Who did not answer the last time is not waited for while there are keys to go on with.
      if (age > MAX_STALE_MS || (age > MAX_AGE_MS && !isAway)) await loading;
    }
    try {
      return await this.keys()(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.load(UNKNOWN_KEY_INTERVAL_MS))) throw error;
      return this.keys()(header);
    }
  }

  private keys(): KeySet {
    if (this.loaded !== null && this.age() <= MAX_STALE_MS) return this.loaded.keys;
    throw new PlatformError("UPSTREAM_FAILED", "the keys that signatures are checked with cannot be fetched now", {
      cause: this.failure,
      retryAfterMs: RETRY_INTERVAL_MS,
    });
  }

  private age(): number {
    return this.loaded === null ? Number.POSITIVE_INFINITY : this.options.monotonic() - this.loaded.at;
  }

  /** One fetch at a time, and none within `intervalMs` of the last try. True when there was a fetch, successful or not. */
  private async load(intervalMs: number): Promise<boolean> {
    if (this.loading === null) {
      const now = this.options.monotonic();
      if (now - this.triedAt < intervalMs) return false;
      this.triedAt = now;
      this.loading = this.fetchKeys()
        .then(
          (keys) => {
            this.loaded = { keys, at: now };
            this.failure = undefined;
          },
          (error: unknown) => {
            this.failure = error;
            this.options.onFailure?.(error);
          },
        )
        .finally(() => {
          this.loading = null;
        });
    }
    await this.loading;
    return true;
  }

  private async fetchKeys(): Promise<KeySet> {
    return toKeySet(await fetchJson(await this.locate(), this.options.fetch));
  }
}

/** Throws INVALID_ARGUMENT for what is no JWKS. */
export const toKeySet = (document: unknown): KeySet => {
  const { keys } = (document ?? {}) as { readonly keys?: unknown };
  if (!Array.isArray(keys) || keys.length > MAX_KEYS)
    throw new PlatformError("INVALID_ARGUMENT", `expected a JWKS, { "keys": [ … ] }, of at most ${MAX_KEYS} keys`);
  return createLocalJWKSet({ keys } as JSONWebKeySet);
};

/** Redirects are not followed: the address is what was trusted. Throws UPSTREAM_FAILED. */
export const fetchJson = async (url: string, fetcher: typeof fetch): Promise<unknown> => {
  try {
    const response = await fetcher(url, {
      headers: { accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`it answered ${response.status}`);
    }
    return JSON.parse(await readText(response)) as unknown;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PlatformError("UPSTREAM_FAILED", `${url}: ${why}`, { cause });
  }
};

const readText = async (response: Response): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_DOCUMENT_BYTES) throw new Error(`its answer is over ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
};
