import PDFDocument from "pdfkit";
import { type FormField, formFields } from "./form-fields.ts";
import type { Random } from "./random.ts";
import type { Truth } from "./truth.ts";
import { drawStyle } from "./writing-style.ts";

type Layout = (pdf: PDFDocument, fields: readonly FormField[], random: Random) => void;

const layouts: readonly Layout[] = [drawTable, drawColumns, drawColonColumns, drawTwoPages, drawFillableForm];

/** A printed or fillable application form in one of five layouts. */
export async function writePdf(truth: Truth, random: Random): Promise<Uint8Array> {
  const fields = formFields(truth, drawStyle(random), random);
  // A fixed date, or two runs with one seed would differ.
  const pdf = new PDFDocument({
    size: "A4",
    margin: 50,
    info: { Title: "Application", CreationDate: new Date(Date.UTC(2026, 0, 1)) },
  });
  const chunks: Uint8Array[] = [];
  const ended = new Promise<void>((resolve) => pdf.on("data", (chunk) => chunks.push(chunk)).on("end", resolve));
  pdf
    .font("Helvetica")
    .fontSize(16)
    .text(random.pick(["Loan application", "Application for a personal loan", "Consumer credit form"]), 60, 60, {
      lineBreak: false,
    });
  random.pick(layouts)(pdf, fields, random);
  pdf.end();
  await ended;
  return Buffer.concat(chunks);
}

/** Cuts a PDF within its first objects, as a broken upload does. */
export function cutOff(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.integer(200, Math.floor(bytes.length * 0.6)));
}

function drawTable(pdf: PDFDocument, fields: readonly FormField[], random: Random): void {
  const colon = random.pick([":", ""]);
  const valueX = random.integer(240, 300);
  fields.forEach(({ label, value }, index) => {
    const y = 110 + index * 26;
    pdf.rect(55, y - 6, 480, 24).stroke();
    pdf
      .font("Helvetica")
      .fontSize(10)
      .text(label + colon, 62, y, { lineBreak: false });
    pdf.font("Helvetica-Bold").fontSize(10).text(value, valueX, y, { lineBreak: false });
  });
}

/** Small label above its value, two fields side by side. */
function drawColumns(pdf: PDFDocument, fields: readonly FormField[]): void {
  fields.forEach(({ label, value }, index) => {
    const x = index % 2 === 0 ? 60 : 320;
    const y = 110 + Math.floor(index / 2) * 42;
    pdf.font("Helvetica").fontSize(8).text(label, x, y, { lineBreak: false });
    pdf
      .font("Helvetica")
      .fontSize(11)
      .text(value, x, y + 12, { lineBreak: false });
    pdf
      .moveTo(x, y + 27)
      .lineTo(x + 220, y + 27)
      .stroke();
  });
}

function drawColonColumns(pdf: PDFDocument, fields: readonly FormField[]): void {
  fields.forEach(({ label, value }, index) => {
    pdf
      .font("Times-Roman")
      .fontSize(10)
      .text(`${label}: ${value}`, index % 2 === 0 ? 60 : 310, 110 + Math.floor(index / 2) * 22, { lineBreak: false });
  });
}

function drawTwoPages(pdf: PDFDocument, fields: readonly FormField[], random: Random): void {
  const half = Math.ceil(fields.length / 2);
  drawTable(pdf, fields.slice(0, half), random);
  pdf.addPage();
  pdf.font("Helvetica").fontSize(9).text("Page 2 of 2", 60, 60, { lineBreak: false });
  drawTable(pdf, fields.slice(half), random);
}

function drawFillableForm(pdf: PDFDocument, fields: readonly FormField[]): void {
  pdf.font("Helvetica").fontSize(10).initForm();
  fields.forEach(({ label, value }, index) => {
    const y = 110 + index * 28;
    pdf.text(label, 62, y + 5, { lineBreak: false });
    pdf.formText(
      label
        .replace(/[^A-Za-z ]/g, "")
        .trim()
        .replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase()),
      260,
      y,
      250,
      20,
      { value },
    );
  });
}
