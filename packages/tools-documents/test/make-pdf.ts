/** A PDF with a page for each text, written by hand: lines of Helvetica. */
import { constants, deflateRawSync } from "node:zlib";

export const makePdf = (pages: readonly string[]): Uint8Array =>
  pdfOfStreams(pages.map((page) => ({ bytes: Buffer.from(drawn(page), "latin1"), filter: "" })));

const MEBIBYTE = 1024 * 1024;

/** A page whose content is so many blanks once it is inflated. */
export const makePdfBomb = (mebibytes: number): Uint8Array => {
  const block = deflateRawSync(Buffer.alloc(MEBIBYTE, " "), { finishFlush: constants.Z_FULL_FLUSH });
  const end = Buffer.from([3, 0]);
  const bytes = Buffer.concat([Buffer.from([0x78, 0x9c]), ...Array.from({ length: mebibytes }, () => block), end]);
  return pdfOfStreams([{ bytes, filter: " /Filter /FlateDecode" }]);
};

const drawn = (page: string): string => {
  const lines = page.split("\n").map((line) => `(${line.replaceAll(/[()\\]/g, "\\$&")}) Tj T*`);
  // What lies beyond the page is not read.
  const height = Math.min(14, 640 / lines.length);
  return `BT /F1 ${height * 0.85} Tf ${height} TL 72 720 Td ${lines.join(" ")} ET`;
};

const pdfOfStreams = (streams: readonly { readonly bytes: Buffer; readonly filter: string }[]): Uint8Array => {
  const pageAt = (index: number): number => 4 + index * 2;
  const kids = streams.map((_, index) => `${pageAt(index)} 0 R`).join(" ");
  const objects: (readonly (string | Buffer)[])[] = [
    ["<< /Type /Catalog /Pages 2 0 R >>"],
    [`<< /Type /Pages /Kids [${kids}] /Count ${streams.length} >>`],
    ["<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"],
    ...streams.flatMap(({ bytes, filter }, index) => [
      [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${pageAt(index) + 1} 0 R ` +
          "/Resources << /Font << /F1 3 0 R >> >> >>",
      ],
      [`<< /Length ${bytes.length}${filter} >>\nstream\n`, bytes, "\nendstream"],
    ]),
  ];
  const parts: Buffer[] = [Buffer.from("%PDF-1.4\n")];
  let at = parts[0]?.length ?? 0;
  const offsets: number[] = [];
  for (const [index, object] of objects.entries()) {
    offsets.push(at);
    const part = Buffer.concat(
      [`${index + 1} 0 obj\n`, ...object, "\nendobj\n"].map((piece) => Buffer.from(piece as string)),
    );
    parts.push(part);
    at += part.length;
  }
  const rows = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  parts.push(
    Buffer.from(
      `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`,
    ),
  );
  return new Uint8Array(Buffer.concat(parts));
};
