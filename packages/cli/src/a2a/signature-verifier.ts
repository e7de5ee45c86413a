/** Says of a card whether one of its signatures was made with a key of the set. */

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import { failure } from "../failure.ts";
import { parseJson } from "../read-input.ts";
import { UsageError } from "../usage-error.ts";

/** Undefined when it verifies, else what is wrong. */
export type SignatureVerifier = (card: Readonly<Record<string, unknown>>) => Promise<string | undefined>;

/** `source` is the address of a key set (JWKS), or a file. */
export const createSignatureVerifier = async (
  source: string,
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<SignatureVerifier> => {
  const jwks = await readKeySet(source, cwd, signal);
  const { createCardVerifier } = await import("@agentcore/a2a/cards");
  const verifier = createCardVerifier({ jwks, fetch, monotonic: () => performance.now() });
  return async (card) => {
    try {
      await verifier.verify(card);
      return undefined;
    } catch (error) {
      if (PlatformError.is(error)) return error.message;
      throw error;
    }
  };
};

const readKeySet = async (source: string, cwd: string, signal: AbortSignal): Promise<unknown> => {
  if (/^https?:\/\//.test(source)) {
    const { fetchJson } = await import("@agentcore/a2a/cards");
    const stoppable: typeof fetch = (input, init) =>
      fetch(input, { ...init, signal: AbortSignal.any([signal, init?.signal ?? signal]) });
    return fetchJson(source, stoppable).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw failure(
        "UNAVAILABLE",
        `no key set can be fetched from ${PlatformError.from(cause).message}`,
        "Give the file with --jwks FILE.",
        cause,
      );
    });
  }
  const path = resolve(cwd, source);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  });
  return parseJson(text, path);
};
