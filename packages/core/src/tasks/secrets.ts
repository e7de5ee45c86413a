/** Keeps what a step has read of credentials out of the log: its result and its error are for everybody who may see the task. */
import { type Credential, PlatformError } from "@agentcore/contract";

// A shorter one would be found in words that have nothing to do with it.
const MIN_LENGTH = 8;

/** As they are and as they are written in what is sent, the longest first: one may be a part of another. */
const secretsIn = (read: readonly Credential[]): string[] => {
  const secrets = read.map(({ value }) => value).filter((value) => value.length >= MIN_LENGTH);
  return [...new Set(secrets.flatMap(formsOf))].toSorted((one, other) => other.length - one.length);
};

const formsOf = (secret: string): string[] => {
  const percent = encodeURIComponent(secret.toWellFormed());
  const base64 = base64Of(secret);
  return [
    ...[secret, inJson(secret), percent, percent.replaceAll("%20", "+")],
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
  ];
};

/** Wherever it stands in what was encoded, such as `user:secret`: without the digits that it shares with its neighbours. */
const base64Of = (secret: string): string[] => {
  const bytes = [...new TextEncoder().encode(secret)].map((byte) => String.fromCharCode(byte)).join("");
  return [0, 1, 2].map((before) =>
    btoa("\0".repeat(before) + bytes).slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3)),
  );
};

/** Throws RESULT_NOT_SERIALISABLE. */
export const assertNoSecret = (result: unknown, what: string, read: readonly Credential[]): void => {
  if (read.length === 0) return;
  const text = JSON.stringify(result) ?? "";
  if (secretsIn(read).some((secret) => text.includes(inJson(secret))))
    throw new PlatformError(
      "RESULT_NOT_SERIALISABLE",
      `${what} holds a credential, which is not to be recorded; return what was got with it instead`,
    );
};

/** The same error with secrets blanked in its message; details and violations that hold one are left out. */
export const withoutSecrets = (error: PlatformError, read: readonly Credential[]): PlatformError => {
  const secrets = secretsIn(read);
  if (!secrets.some((secret) => JSON.stringify(error.toJSON()).includes(inJson(secret)))) return error;
  const { code, message, retryable, retryAfterMs } = error;
  const blanked = secrets.reduce((text, secret) => text.replaceAll(secret, "[credential]"), message);
  return new PlatformError(code, blanked, { retryable, retryAfterMs });
};

const inJson = (secret: string): string => JSON.stringify(secret).slice(1, -1);
