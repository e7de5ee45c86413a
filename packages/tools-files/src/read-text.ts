import { PlatformError } from "@agentcore/contract/errors";

const LOOKED_AT = 8192;

/** Text in UTF-8 or UTF-16 with its mark, else in the Latin of Windows; ends of lines are "\n". Throws INVALID_ARGUMENT for what is no text. */
export const readText = (bytes: Uint8Array): string => decoded(bytes).replaceAll(/\r\n?/g, "\n");

const decoded = (bytes: Uint8Array): string => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  if (bytes.subarray(0, LOOKED_AT).includes(0)) throw new PlatformError("INVALID_ARGUMENT", "it is no text");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
};
