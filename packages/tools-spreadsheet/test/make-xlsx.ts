/** Workbooks written by hand: a zip of XML. */
import { constants, deflateRawSync } from "node:zlib";
import { strToU8, unzipSync, Zip, ZipPassThrough, type Zippable, zipSync } from "fflate";

const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';

/** `rows` are the XML of each sheet's data; style 1 is a date. */
export const makeXlsx = (
  sheets: Readonly<Record<string, string>>,
  shared: readonly string[] = [],
  more: Zippable = {},
): Uint8Array => {
  const names = Object.keys(sheets);
  const type = "application/vnd.openxmlformats-officedocument.spreadsheetml";
  const parts: Record<string, string> = {
    "[Content_Types].xml": `${head}<Types xmlns="${PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/></Types>`,
    "_rels/.rels": `${head}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="r1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
    "xl/workbook.xml": `${head}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets>${names.map((name, at) => `<sheet name="${name}" sheetId="${at + 1}" r:id="r${at + 1}"/>`).join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `${head}<Relationships xmlns="${PACKAGE}/relationships">${names.map((_, at) => `<Relationship Id="r${at + 1}" Type="${RELATIONS}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`).join("")}<Relationship Id="s" Type="${RELATIONS}/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="t" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`,
    "xl/sharedStrings.xml": `${head}<sst xmlns="${MAIN}">${shared.map((text) => `<si><t>${text}</t></si>`).join("")}</sst>`,
    "xl/styles.xml": `${head}<styleSheet xmlns="${MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>`,
  };
  names.forEach((name, at) => {
    parts[`xl/worksheets/sheet${at + 1}.xml`] =
      `${head}<worksheet xmlns="${MAIN}"><sheetData>${sheets[name]}</sheetData></worksheet>`;
  });
  return zipSync({
    ...Object.fromEntries(Object.entries(parts).map(([path, text]) => [path, strToU8(text)])),
    ...more,
  });
};

const MEBIBYTE = 1024 * 1024;

/** Whose first sheet inflates to so much, and says that it has `saysBytes`. */
export const makeXlsxBomb = (mebibytes: number, saysBytes: number): Uint8Array => {
  const chunks: Uint8Array[] = [];
  const zip = new Zip((_error, chunk) => chunks.push(chunk));
  const add = (name: string, bytes: Uint8Array): void => {
    const part = new ZipPassThrough(name);
    zip.add(part);
    part.push(bytes, true);
  };
  const sheet = "xl/worksheets/sheet1.xml";
  for (const [name, bytes] of Object.entries(unzipSync(makeXlsx({ Bomb: "" })))) if (name !== sheet) add(name, bytes);
  const block = deflateRawSync(Buffer.alloc(MEBIBYTE, " "), { finishFlush: constants.Z_FULL_FLUSH });
  const content = Buffer.concat([...Array.from({ length: mebibytes }, () => block), Buffer.from([3, 0])]);
  // Compressed by somebody else.
  const bomb = { filename: sheet, compression: 8, crc: 0, size: saysBytes, ondata: new ZipPassThrough("").ondata };
  zip.add(bomb);
  bomb.ondata(null, content, true);
  zip.end();
  return Buffer.concat(chunks);
};
