import { PlatformError } from "@agentcore/contract/errors";
import { MAX_DEPTH, readPage } from "@agentcore/html";
import type { DocumentText } from "./document-text.ts";
import { HeadingPath } from "./heading-path.ts";

/** What a page says to who reads it. Its lines are those of this text. Throws INVALID_ARGUMENT where it is nested deeper than 400 elements. */
export const readHtml = async (html: string, signal?: AbortSignal): Promise<DocumentText> => {
  const { text, headings, isCut } = await readPage(html, { signal });
  if (isCut) throw new PlatformError("INVALID_ARGUMENT", `it is nested deeper than ${MAX_DEPTH} elements`);
  const path = new HeadingPath();
  const sections = headings.map(({ line, level, text: heading }) => ({ line, heading: path.enter(level, heading) }));
  return { kind: "html", text, sections };
};
