/** Whether a delivery was signed by whoever has the secret. Every signature is held against every secret, in a time that tells nothing about which fitted. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { SignatureForm } from "@agentcore/agents";

export interface SignedDelivery {
  readonly headers: Headers;
  /** As it came. */
  readonly body: Uint8Array;
  /** Header that holds its id, where it has one. */
  readonly idHeader: string | undefined;
}

export interface SignatureRules {
  readonly form: SignatureForm;
  /** One at least. */
  readonly keys: readonly Uint8Array[];
  readonly toleranceMs: number;
  /** Wall time. */
  readonly now: number;
}

// A service sends one, and another while a secret is changed.
const MAX_SIGNATURES = 8;

export const isSigned = (delivery: SignedDelivery, { form, keys, toleranceMs, now }: SignatureRules): boolean => {
  const { headers, body, idHeader } = delivery;
  if ("token" in form) {
    const token = headers.get(form.token) ?? "";
    return isAnyOf(
      [token],
      keys.map((key) => Buffer.from(key).toString("utf8")),
    );
  }
  const header = headers.get(form.header);
  if (header === null) return false;
  const parts = (form.separator === undefined ? [header] : header.split(form.separator)).map((part) => part.trim());
  const signatures = parts
    .filter((part) => part.startsWith(form.prefix))
    .slice(0, MAX_SIGNATURES)
    .map((part) => part.slice(form.prefix.length));
  const timestamp = timestampOf(form, headers, parts);
  if (timestamp !== undefined && !isNear(timestamp, now, toleranceMs)) return false;
  const places: Readonly<Record<string, string | Uint8Array>> = {
    "{body}": body,
    "{timestamp}": timestamp ?? "",
    "{id}": (idHeader === undefined ? null : headers.get(idHeader)) ?? "",
  };
  const expected = keys.map((key) => {
    const hmac = createHmac(form.algorithm, key);
    for (const piece of form.signed.split(/(\{(?:id|timestamp|body)\})/)) hmac.update(places[piece] ?? piece);
    return hmac.digest(form.encoding);
  });
  return isAnyOf(form.encoding === "hex" ? signatures.map((each) => each.toLowerCase()) : signatures, expected);
};

type HmacForm = Exclude<SignatureForm, { readonly token: string }>;

/** Undefined: the form has none. Empty: it should be there. */
const timestampOf = ({ timestamp }: HmacForm, headers: Headers, parts: readonly string[]): string | undefined => {
  if (timestamp === undefined) return undefined;
  if ("header" in timestamp) return headers.get(timestamp.header) ?? "";
  return parts.find((part) => part.startsWith(timestamp.part))?.slice(timestamp.part.length) ?? "";
};

const isNear = (timestamp: string, now: number, toleranceMs: number): boolean =>
  /^\d{1,12}$/.test(timestamp) && Math.abs(now - Number(timestamp) * 1000) <= toleranceMs;

/** Sums of them are compared: their lengths tell nothing. */
const isAnyOf = (given: readonly string[], expected: readonly string[]): boolean => {
  let found = false;
  for (const each of given) for (const one of expected) if (timingSafeEqual(sumOf(each), sumOf(one))) found = true;
  return found;
};

const sumOf = (text: string): Uint8Array => createHash("sha256").update(text).digest();
