/** Checks that a card was signed by somebody who is trusted. Source: A2A 1.0.1, 8.4.3. */
import { PlatformError } from "@agentcore/contract/errors";
import { type CryptoKey, decodeProtectedHeader, flattenedVerify, type JWSHeaderParameters } from "jose";
import { RemoteKeySet, toKeySet } from "../keys/remote-key-set.ts";
import { SIGNATURE_ALGORITHMS } from "../keys/signature-algorithms.ts";
import { canonicalCard, sdkCanonicalCard } from "./canonical-card.ts";

export interface CardTrust {
  /** Keys that are trusted, as a JWKS. */
  readonly jwks?: unknown;
  /**
   * Hosts whose keys are trusted, as in `agents.example.com` or `agents.example.com:8443`: a signature's `jku` is followed there, over
   * https (this machine also over http), and nowhere else. What a card says of itself is no reason to trust it.
   */
  readonly jkuHosts?: readonly string[] | undefined;
}

export interface CardVerifierOptions extends CardTrust {
  /** For `jku`; addresses are the caller's matter, such as with `@agentcore/outbound`. */
  readonly fetch: typeof fetch;
  /** Milliseconds, of which only differences mean anything, for the age of keys. */
  readonly monotonic: () => number;
}

export interface VerifiedCard {
  /** What the signature covers, and nothing else: use this one, not the card that came. */
  readonly card: unknown;
  readonly kid: string;
}

export interface CardVerifier {
  /**
   * Takes a card as it came over the wire, of A2A 1.0 or for both versions, also one that the SDKs for JavaScript or Python signed; one
   * trusted signature will do. Throws INVALID_AGENT_RESPONSE, or UPSTREAM_FAILED when keys that might do cannot be fetched now.
   */
  verify(card: unknown): Promise<VerifiedCard>;
}

// Rotation needs two.
const MAX_SIGNATURES = 10;
const MAX_KEY_SETS = 100;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Throws INVALID_ARGUMENT for a `jwks` that is none. */
export const createCardVerifier = ({ jwks, jkuHosts = [], fetch, monotonic }: CardVerifierOptions): CardVerifier => {
  const given = jwks === undefined ? null : toKeySet(jwks);
  const remote = new Map<string, RemoteKeySet>();

  const remoteKeys = (url: string): RemoteKeySet => {
    const known = remote.get(url) ?? new RemoteKeySet(async () => url, { fetch, monotonic });
    // The one that was used longest ago goes first.
    remote.delete(url);
    remote.set(url, known);
    const [oldest] = remote.keys();
    if (remote.size > MAX_KEY_SETS && oldest !== undefined) remote.delete(oldest);
    return known;
  };

  /** Places to look for the key, the surest first. */
  const sources = (header: JWSHeaderParameters) => {
    const found: ((header: JWSHeaderParameters) => Promise<CryptoKey>)[] = [];
    if (given !== null) found.push(given);
    if (typeof header.jku === "string" && isTrusted(header.jku, jkuHosts)) {
      const keys = remoteKeys(header.jku);
      found.push((named) => keys.find(named));
    }
    return found;
  };

  return {
    async verify(card) {
      const signatures = signaturesOf(card);
      const reasons: string[] = [];
      let unreachable: PlatformError | undefined;
      // As the protocol has it; with the members that A2A 1.0 does not know signed as they are; as other SDKs have it. Whatever fits,
      // what is handed out is the form that was signed: nobody can slip anything in between two of them.
      const forms = [
        ...new Set([canonicalCard(card), canonicalCard(card, { keepUnknown: true }), sdkCanonicalCard(card)]),
      ];
      for (const [index, { protected: header, signature }] of signatures.entries()) {
        const named = headerOf(header);
        if (typeof named === "string") {
          reasons.push(`signature ${index + 1}: ${named}`);
          continue;
        }
        const { kid } = named;
        const candidates = sources(named);
        let why = "its key is in no set that is trusted";
        for (const source of candidates) {
          try {
            const key = await source(named);
            const form = await verifiedForm(forms, header, signature, key);
            if (form !== undefined) return { card: JSON.parse(form) as unknown, kid };
            why = "it does not fit the card";
          } catch (error) {
            if (PlatformError.is(error)) unreachable = error;
            why = PlatformError.is(error) ? error.message : why;
          }
        }
        reasons.push(`signature ${index + 1} (key ${kid.slice(0, 64)}): ${why}`);
      }
      if (unreachable !== undefined) throw unreachable;
      throw new PlatformError(
        "INVALID_AGENT_RESPONSE",
        `the agent card has no signature that can be trusted: ${reasons.join("; ") || "it is not signed"}`,
      );
    },
  };
};

type NamedHeader = JWSHeaderParameters & { readonly kid: string };

/** The protected header, or why it will not do. */
const headerOf = (text: string): NamedHeader | string => {
  try {
    const header = decodeProtectedHeader({ protected: text });
    if (typeof header.kid !== "string" || header.kid === "") return "it names no key (kid)";
    if (!SIGNATURE_ALGORITHMS.includes(header.alg ?? "")) return "its algorithm is not one that is taken";
    return header as NamedHeader;
  } catch {
    return "its protected header is none";
  }
};

const verifiedForm = async (
  forms: readonly string[],
  header: string,
  signature: string,
  key: CryptoKey,
): Promise<string | undefined> => {
  for (const form of forms) {
    const payload = Buffer.from(form).toString("base64url");
    try {
      await flattenedVerify({ payload, protected: header, signature }, key, { algorithms: [...SIGNATURE_ALGORITHMS] });
      return form;
    } catch {
      // Made over another text, or with another key.
    }
  }
  return undefined;
};

const signaturesOf = (card: unknown): readonly { readonly protected: string; readonly signature: string }[] => {
  const { signatures } = (card ?? {}) as { readonly signatures?: unknown };
  if (!Array.isArray(signatures)) return [];
  return signatures
    .slice(0, MAX_SIGNATURES)
    .map((entry: { readonly protected?: unknown; readonly signature?: unknown } | null) => ({
      protected: typeof entry?.protected === "string" ? entry.protected : "",
      signature: typeof entry?.signature === "string" ? entry.signature : "",
    }));
};

const isTrusted = (jku: string, hosts: readonly string[]): boolean => {
  const url = URL.parse(jku);
  if (url === null || url.username !== "" || url.password !== "" || !hosts.includes(url.host)) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
};
