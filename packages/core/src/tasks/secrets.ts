/** Keeps what a step has read of credentials out of the log: its result and its error are for everybody who may see the task. */
import { type Credential, PlatformError } from "@agentcore/contract";

// A shorter one would be found in words that have nothing to do with it.
const MIN_LENGTH = 8;

const secretsIn = (read: readonly Credential[]): string[] =>
  read.map(({ value }) => value).filter((value) => value.length >= MIN_LENGTH);

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
