/** Signs cards: a detached JWS (RFC 7515) over the canonical form, one a key. Source: A2A 1.0.1, 8.4. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { PlatformError } from "@agentcore/contract/errors";
import { calculateJwkThumbprint, exportJWK, FlattenedSign, type JWK } from "jose";
import { canonicalCard } from "./canonical-card.ts";

/** As it stands in a card. */
export interface CardSignature {
  /** Base64url of the protected header. */
  readonly protected: string;
  readonly signature: string;
}

export interface CardSigner {
  /** A signature of each key, in their order. `jku` is where clients find the public keys. */
  sign(card: unknown, jku: string): Promise<readonly CardSignature[]>;
  /** The public keys: what stands at `jku`. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

interface SigningKey {
  readonly algorithm: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: JWK & { readonly kid: string };
}

/**
 * Private keys as PEM (PKCS #8) or JWK: P-256 (ES256), P-384 (ES384), Ed25519 (EdDSA), RSA of at least 2048 bits (RS256, or PS256 where
 * a JWK says so). A key's id is its thumbprint (RFC 7638). Throws CONFIG_INVALID, which counts keys and never repeats one.
 */
export const createCardSigner = async (texts: readonly string[]): Promise<CardSigner> => {
  const keys = await Promise.all(texts.map((text, index) => readSigningKey(text, `card signing key ${index + 1}`)));
  const ids = keys.map(({ publicJwk }) => publicJwk.kid);
  if (new Set(ids).size < ids.length)
    throw new PlatformError("CONFIG_INVALID", "one card signing key stands there twice");
  return {
    jwks: { keys: keys.map(({ publicJwk }) => publicJwk) },
    sign(card, jku) {
      const payload = new TextEncoder().encode(canonicalCard(card));
      return Promise.all(
        keys.map(async ({ algorithm, privateKey, publicJwk }) => {
          const header = { alg: algorithm, kid: publicJwk.kid, typ: "JOSE", jku };
          const jws = await new FlattenedSign(payload).setProtectedHeader(header).sign(privateKey);
          return { protected: jws.protected ?? "", signature: jws.signature };
        }),
      );
    },
  };
};

const readSigningKey = async (text: string, name: string): Promise<SigningKey> => {
  const refuse = (why: string): PlatformError => new PlatformError("CONFIG_INVALID", `${name}: ${why}`);
  const { privateKey, stated } = toPrivateKey(text, refuse);
  const algorithm = algorithmOf(privateKey, stated);
  if (algorithm === null)
    throw refuse("expected a key on P-256, P-384 or Ed25519, or an RSA key of at least 2048 bits");
  const jwk = await exportJWK(createPublicKey(privateKey));
  return {
    algorithm,
    privateKey,
    publicJwk: { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: algorithm, use: "sig" },
  };
};

type Refuse = (why: string) => PlatformError;

/** The parser's own words are left out: they may quote the key. */
const toPrivateKey = (text: string, refuse: Refuse): { privateKey: KeyObject; stated: unknown } => {
  const isJwk = text.trimStart().startsWith("{");
  try {
    if (!isJwk) return { privateKey: createPrivateKey(text), stated: undefined };
    const jwk = JSON.parse(text) as Record<string, unknown>;
    return { privateKey: createPrivateKey({ key: jwk, format: "jwk" }), stated: jwk.alg };
  } catch {
    throw refuse(
      isJwk
        ? "this is no private JWK"
        : "expected a private key as PEM (-----BEGIN PRIVATE KEY-----), without a password",
    );
  }
};

const algorithmOf = (key: KeyObject, stated: unknown): string | null => {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  switch (asymmetricKeyType) {
    case "ed25519":
      // The name that readers of both RFC 8037 and RFC 9864 know.
      return "EdDSA";
    case "ec":
      if (asymmetricKeyDetails?.namedCurve === "prime256v1") return "ES256";
      return asymmetricKeyDetails?.namedCurve === "secp384r1" ? "ES384" : null;
    case "rsa":
      if ((asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return null;
      return stated === "PS256" ? "PS256" : "RS256";
    default:
      return null;
  }
};
