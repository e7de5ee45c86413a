import { extractTextItems, getDocumentProxy } from "unpdf";
import type { Evidence } from "../application.ts";
import { interpretLabelled } from "./interpret-labelled.ts";
import type { LabelledValue, Reading } from "./mention.ts";
import { cellsOf, pairCells } from "./pdf-cells.ts";
import { readProse } from "./read-prose.ts";
import type { PageLine } from "./sentences.ts";

// An application has a few pages; a book would only cost time.
const maximumPages = 20;
const maximumTextsPerPage = 2_000;

/** Reads printed forms by the place of their texts, and the fields of fillable forms. Throws whatever the PDF library
 *  throws for a damaged file. */
export async function readPdf(
  bytes: Uint8Array,
): Promise<Reading & { readonly empty: boolean; readonly lines: readonly PageLine[] }> {
  // The library takes the buffer over and refuses a Buffer: it gets a plain copy.
  const pdf = await getDocumentProxy(Uint8Array.from(bytes), { verbosity: 0 });
  const entries: LabelledValue[] = [];
  const rest: PageLine[] = [];
  const lines: PageLine[] = [];
  try {
    const { items } = await extractTextItems(pdf);
    for (const [index, pageItems] of items.slice(0, maximumPages).entries()) {
      const cells = cellsOf(
        pageItems
          .slice(0, maximumTextsPerPage)
          .map(({ str, x, y, width, fontSize }) => ({ text: str.slice(0, 1_000), x, y, width, fontSize })),
      );
      const pairs = pairCells(cells, index + 1);
      const filled = await formFields(pdf, index + 1);
      // A fillable form prints its labels, not its values: a label that takes another label's print for a value is wrong.
      entries.push(...(filled.length > 0 ? filled : pairs.entries));
      rest.push(...pairs.rest);
      lines.push(
        ...cells.map(({ line, text }) => ({ page: index + 1, line, text })),
        ...filled.map(({ evidence, value }) => ({ ...evidence, text: value })),
      );
    }
  } finally {
    await pdf.loadingTask.destroy();
  }
  const labelled = interpretLabelled(entries);
  const written = readProse(rest);
  return {
    mentions: [...labelled.mentions, ...written.mentions],
    problems: [...labelled.problems, ...written.problems],
    empty: lines.length === 0,
    lines,
  };
}

/** Lines of a fillable form are its fields, from the top of the page down. */
async function formFields(
  pdf: Awaited<ReturnType<typeof getDocumentProxy>>,
  pageNumber: number,
): Promise<LabelledValue[]> {
  const page = await pdf.getPage(pageNumber);
  const annotations: unknown[] = await page.getAnnotations();
  return annotations
    .filter(isTextField)
    .sort((a, b) => b.rect[3] - a.rect[3] || a.rect[0] - b.rect[0])
    .map(({ fieldName, alternativeText, fieldValue }, index) => {
      const label = alternativeText || fieldName;
      const evidence: Evidence = {
        page: pageNumber,
        line: index + 1,
        text: `${fieldName}: ${fieldValue}`.slice(0, 160),
      };
      return { label, value: fieldValue, evidence };
    })
    .filter(({ value }) => value.trim() !== "");
}

interface TextField {
  fieldName: string;
  alternativeText?: string;
  fieldValue: string;
  rect: [number, number, number, number];
}

function isTextField(annotation: unknown): annotation is TextField {
  const field = annotation as Partial<TextField> | null;
  return typeof field?.fieldName === "string" && typeof field.fieldValue === "string" && Array.isArray(field.rect);
}
