/** What a message says, from an option's text: words, or `@FILE` with a Message of A2A, its parts, or any other JSON as data. */

import { isRecord } from "../is-record.ts";
import { readInput } from "../read-input.ts";
import { UsageError } from "../usage-error.ts";

export type MessageContent = Readonly<Record<string, unknown>> & { readonly parts: readonly unknown[] };

export const readMessage = async (
  text: string,
  context: { readonly cwd: string; readonly readStdin: () => Promise<string> },
): Promise<MessageContent> => {
  if (!text.startsWith("@")) return { parts: [{ text }] };
  const content = await readInput(text, context);
  if (typeof content === "string") return { parts: [{ text: content }] };
  if (isRecord(content) && Array.isArray(content["parts"])) return { ...content, parts: content["parts"] };
  if (Array.isArray(content) && content.every(isRecord)) {
    if (content.length === 0) throw new UsageError(`${text}: expected at least one part`);
    return { parts: content };
  }
  return { parts: [{ data: content }] };
};
