import { createHash } from "node:crypto";

/** The same 32 hex digits for the same text, of any length: nothing that a header, an address or a key could not hold. */
export const digestId = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);
