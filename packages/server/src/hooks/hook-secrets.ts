import type { Hook } from "@agentcore/agents";

// Shorter ones can be guessed.
const MIN_BYTES = 16;

/** Keys that the variables hold, and the names of those that hold none: absent, too short, or not in base64 where they should be. */
export const hookSecrets = (
  { secrets, signature }: Pick<Hook, "secrets" | "signature">,
  env: Readonly<Record<string, string | undefined>>,
): { readonly keys: readonly Uint8Array[]; readonly unusable: readonly string[] } => {
  const keys: Uint8Array[] = [];
  const unusable: string[] = [];
  for (const variable of secrets) {
    const key = keyOf(env[variable] ?? "", "secret" in signature && signature.secret === "base64");
    if (key === null || key.length < MIN_BYTES) unusable.push(variable);
    else keys.push(key);
  }
  return { keys, unusable };
};

const keyOf = (value: string, isBase64: boolean): Uint8Array | null => {
  if (!isBase64) return Buffer.from(value, "utf8");
  const text = value.replace(/^whsec_/, "");
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : null;
};
