import type { Environment } from "../environment.ts";

const SECRET_NAME = /(^|_)(KEY|TOKEN|SECRET|PASSWORD)$|^AWS_BEARER_TOKEN_BEDROCK$/;
// What is shorter stands in texts by chance.
const MIN_SECRET_LENGTH = 8;

/** Values of variables that are named as keys are; longest first, so that one within another leaves nothing behind. */
export const secretsOf = (env: Environment): readonly string[] =>
  Object.entries(env)
    .flatMap(([name, value = ""]) => (SECRET_NAME.test(name) && value.length >= MIN_SECRET_LENGTH ? [value] : []))
    .sort((a, b) => b.length - a.length);

/** The same JSON with `***` wherever one of the secrets stood, also in names of members. */
export const withoutSecrets = <T>(value: T, secrets: readonly string[]): T =>
  secrets.length === 0 ? value : (clean(value, secrets) as T);

const clean = (value: unknown, secrets: readonly string[]): unknown => {
  if (typeof value === "string") return secrets.reduce((text, secret) => text.replaceAll(secret, "***"), value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => clean(item, secrets));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [clean(name, secrets) as string, clean(member, secrets)]),
  );
};
