/**
 * Messages as the content level compares them: the same for a question that is written a little differently, and different wherever the difference
 * may matter. Folding goes no further than that: `Delete it?` and `Delete it.` stay apart, as do two pieces of code.
 */
import type { ModelMessage } from "@agentcore/contract/authoring";
import { canonicalJson } from "../payloads/canonical-json.ts";

export const normaliseMessages = (messages: readonly ModelMessage[]): readonly unknown[] => {
  const ordinals = new Map<string, number>();
  const ordinalOf = (id: string): number => {
    const known = ordinals.get(id) ?? ordinals.size;
    ordinals.set(id, known);
    return known;
  };
  const lastUser = messages.findLastIndex(({ role }) => role === "user");
  return messages.map(({ role, content, toolCalls, toolCallId, toolName }, index) => ({
    role,
    content: index === lastUser ? foldQuestion(content) : role === "tool" ? foldJson(content) : foldSpace(content),
    // Ids are drawn anew for each conversation; which result belongs to which call is all that they say.
    toolCalls: toolCalls?.map(({ id, name, input }) => ({ id: ordinalOf(id), name, input })),
    toolCallId: toolCallId === undefined ? undefined : ordinalOf(toolCallId),
    toolName,
  }));
};

// Where space, case or a full stop may be part of what is meant: code, quotations, addresses, tables, lists with indents.
const VERBATIM = /[`"“”«»{}[\]<>|\\=;_@#$^~]|:\/\/|\n[ \t]+\S|\S\t\S|(?:^|\s)'/u;

const foldSpace = (text: string): string => {
  const composed = text.normalize("NFC").replace(/\r\n?/g, "\n").trim();
  return VERBATIM.test(composed) ? composed : composed.replace(/\s+/gu, " ");
};

// These ask, with or without a question mark; after others it makes a question of what would be a statement or an order.
const ASKS =
  /^(?:who|whom|whose|what|which|when|where|why|how|is|are|am|was|were|do|does|did|has|have|had|can|could|may|might|must|shall|should|will|would)\b/;
// Two to four letters in capitals may be an abbreviation that is a word in small ones (US and us, WHO and who).
const ABBREVIATION = /((?<![\p{L}\p{N}])\p{Lu}{2,4}(?![\p{L}\p{N}]))/u;
// Who shouts says more than abbreviations.
const LONG_WORD = /\p{Lu}{5}/u;

const foldQuestion = (text: string): string => {
  const spaced = foldSpace(text);
  if (VERBATIM.test(spaced)) return foldJson(spaced);
  const isShouted = spaced === spaced.toUpperCase() && LONG_WORD.test(spaced);
  const folded = isShouted
    ? spaced.toLowerCase()
    : spaced
        .split(ABBREVIATION)
        .map((piece, index) => (index % 2 === 1 ? piece : piece.toLowerCase()))
        .join("");
  const plain = withoutEnd(folded, " .…");
  return ASKS.test(plain) ? withoutEnd(plain, " .…?") : plain;
};

// Behind anything but a word an exclamation mark may be a factorial: 5!, n!, (a + b)!
const EXCLAIMED = /\p{L}{2}!$/u;

/** By hand, since `[…]+$` tries again at each of them: a long row of full stops within a text would hold up the node for minutes. */
const withoutEnd = (text: string, dropped: string): string => {
  let end = text.length;
  while (end > 0 && (dropped.includes(text.charAt(end - 1)) || EXCLAIMED.test(text.slice(Math.max(0, end - 5), end))))
    end -= 1;
  return text.slice(0, end);
};

const foldJson = (text: string): string => {
  // More digits than a number of JavaScript holds would come out the same although they differ.
  if (!/^[[{]/.test(text) || /\d{16}/.test(text)) return text;
  try {
    return canonicalJson(JSON.parse(text));
  } catch {
    return text;
  }
};
