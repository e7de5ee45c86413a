/** YAML and JSON as values, with the place of what is wrong. Throws PARSE_ERROR. */
import { PlatformError } from "@agentcore/contract/errors";

/** The value of the first document. */
export const parseYaml = async (text: string, shownAs: string): Promise<unknown> =>
  (await parseYamlDocuments(text, shownAs))[0]?.value ?? null;

/** Every document that declares something. JSON is YAML 1.2, so one parser reads both and names the line in both. */
export const parseYamlDocuments = async (
  text: string,
  shownAs: string,
): Promise<readonly { value: unknown; line: number }[]> => {
  const { LineCounter, parseAllDocuments } = await import("yaml");
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  return [...parsed].flatMap((document) => {
    const error = document.errors[0];
    if (error !== undefined) {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      throw parseError(`${shownAs}:${line}:${col}: ${error.message}`);
    }
    const { line } = lineCounter.linePos(document.contents?.range?.[0] ?? 0);
    try {
      // Few aliases are legitimate in a manifest; thousands are a bomb.
      const value: unknown = document.toJS({ maxAliasCount: 100 });
      // A document of nothing but comments separates, it declares nothing.
      return value === null ? [] : [{ value, line }];
    } catch (cause) {
      throw parseError(`${shownAs}:${line}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  });
};

export const parseError = (message: string): PlatformError =>
  new PlatformError("PARSE_ERROR", message, {
    details: { nextStep: "Put the file right, then run the command again." },
  });
