/** This example's own identity number: eight digits and two check digits, the whole leaving 1 when divided by 97
 *  (ISO 7064 MOD 97-10), written with or without spaces and hyphens. One wrong or two swapped digits never pass. */
export function isValidIdentityNumber(identityNumber: string): boolean {
  return /^\d{10}$/.test(identityNumber) && Number(identityNumber) % 97 === 1;
}

/** Keeps letters and digits, up to a remark that follows. Whether the result is valid is a compliance rule, not a question of reading. */
export function normaliseIdentityNumber(text: string): string | undefined {
  const plain =
    text
      .split(/[(,;]|\.\s/)[0]
      ?.toUpperCase()
      .replace(/[^A-Z0-9]/g, "") ?? "";
  return /\d{3}/.test(plain) && plain.length <= 20 ? plain : undefined;
}
