/** UTF-8, UTF-16 with a byte order mark, else Windows-1252; undefined for what is not text at all. */
export function decodeText(bytes: Uint8Array): string | undefined {
  const text = decode(bytes)
    .replace(/^\uFEFF/, "")
    .replace(/\r\n?/g, "\n");
  // Text has tabs, line ends and form feeds; a document with other control characters is a binary format.
  const controls = text.match(/[\u0000-\u0008\u000B\u000E-\u001F\u007F-\u009F\uFFFD]/g)?.length ?? 0;
  return controls > text.length * 0.005 || text.trim() === "" ? undefined : text;
}

function decode(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
