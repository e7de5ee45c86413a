/**
 * What a model is shown, put together within a window: pure, so that the same parts give the same prompt. Instructions, pinned facts and the newest are always
 * there; of the rest as much as there is room for, and `reasons` say of each part what is in, what is not, and why.
 */
import type { ModelMessage, Tool } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { messageTokens, TOKENS_PER_MESSAGE, tokenEstimate, toolTokens } from "@agentcore/contract/tokens";
import { asData } from "../strategy/outside-text.ts";
import { type MessageUnit, messageUnits } from "./message-units.ts";

export interface PromptParts {
  readonly instructions?: string | undefined;
  /** Facts that are never cut. */
  readonly pinned?: readonly string[] | undefined;
  /** The best first: those at the end are left out first. */
  readonly memories?: readonly { readonly id: string; readonly text: string }[] | undefined;
  /** The most important first. Whole, or not at all. */
  readonly documents?: readonly { readonly name: string; readonly text: string }[] | undefined;
  /** Of what was said before `messages`. */
  readonly summary?: string | undefined;
  /** The conversation, oldest first, without messages of the system. The last of the user, and what came last, stay. */
  readonly messages: readonly ModelMessage[];
  /** They are sent beside the messages, and take room too. */
  readonly tools?: readonly Tool[] | undefined;
}

export interface PromptWindow {
  /** Of messages and tools together. Leave room for the answer where the model counts that too. */
  readonly maxTokens: number;
  /** Shares of what the fixed parts leave, 0 to 1; what one does not need the others have. @default 0.2, 0.3 */
  readonly shares?: { readonly memories?: number | undefined; readonly documents?: number | undefined } | undefined;
  /** Of a text. @default an estimate that is rather too high */
  readonly tokensOf?: ((text: string) => number) | undefined;
}

export interface BuiltPrompt {
  readonly messages: readonly ModelMessage[];
  /** Of messages and tools; at most `maxTokens`. */
  readonly tokens: number;
  readonly reasons: readonly string[];
  readonly leftOut: {
    /** The oldest, in their order. */
    readonly messages: readonly ModelMessage[];
    /** Ids. */
    readonly memories: readonly string[];
    /** Names. */
    readonly documents: readonly string[];
    readonly summary: boolean;
  };
}

const MEMORIES = "What is remembered, and may matter here:";
const DOCUMENTS = "Documents:";
const SUMMARY = "What was said before, in short:";
const PINNED = "Always true:";
// Around texts that are joined.
const TOKENS_PER_TEXT = 8;

/** Throws TOO_LARGE when what is never cut does not fit, with how much each part of it takes. INVALID_ARGUMENT for a window that is none. */
export const buildPrompt = (parts: PromptParts, window: PromptWindow): BuiltPrompt => {
  const { maxTokens, tokensOf = tokenEstimate, shares = {} } = window;
  if (!(maxTokens > 0))
    throw new PlatformError("INVALID_ARGUMENT", `a window of ${maxTokens} tokens: expected a number above 0`);
  const { instructions, pinned = [], memories = [], documents = [], summary, tools = [] } = parts;
  const reasons: string[] = [];

  const system = systemText(instructions, pinned);
  const systemTokens = system === "" ? 0 : TOKENS_PER_MESSAGE + tokensOf(system);
  const toolsTokens = tools.reduce((sum, tool) => sum + toolTokens(tool, tokensOf), 0);
  const units = messageUnits(parts.messages).map((unit) => ({ ...unit, tokens: unitTokens(unit, tokensOf) }));
  const always = fixedUnits(units);
  const kept = new Set(always);
  const newestTokens = units.reduce((sum, unit, index) => sum + (kept.has(index) ? unit.tokens : 0), 0);
  const extra = [memories, documents, summary ?? ""].some(({ length }) => length > 0);
  // Nobody has asked: texts beside the conversation have a message of their own.
  const messageTokensOfTexts =
    extra && !units.some(({ messages }) => messages[0]?.role === "user") ? TOKENS_PER_MESSAGE : 0;
  const fixed = systemTokens + toolsTokens + newestTokens + messageTokensOfTexts;
  if (fixed > maxTokens)
    throw new PlatformError(
      "TOO_LARGE",
      `what is never cut takes ${fixed} tokens and the window has ${maxTokens}: instructions and ${pinned.length} pinned facts ${systemTokens}, tools ${toolsTokens}, the newest ${newestTokens}; raise the window, or say less`,
      { details: { systemTokens, toolsTokens, newestTokens, maxTokens } },
    );

  let left = maxTokens - fixed;
  const share = (part: number | undefined, by: number): number => Math.floor(left * (part ?? by));
  const bounds = { memories: share(shares.memories, 0.2), documents: share(shares.documents, 0.3) };
  const take = (tokens: number, bound: number): boolean => {
    if (tokens > Math.min(bound, left)) return false;
    left -= tokens;
    return true;
  };
  const textTokens = (source: string, text: string): number => TOKENS_PER_TEXT + tokensOf(asData(source, text));

  const titled = (title: string): number => TOKENS_PER_TEXT + tokensOf(title);
  const hasSummary =
    summary !== undefined && summary !== "" && take(titled(SUMMARY) + textTokens("summary", summary), left);
  const memoryTokens = memories.map(({ text }) => textTokens("memory", text));
  const documentTokens = documents.map(({ name, text }) => textTokens(name, text));
  const shownMemories = new Set<number>();
  const shownDocuments = new Set<number>();
  const fill = (shown: Set<number>, sizes: readonly number[], title: string, bound: number): void => {
    let room = bound;
    for (const [index, size] of sizes.entries()) {
      const tokens = shown.size === 0 ? size + titled(title) : size;
      if (shown.has(index) || !take(tokens, room)) continue;
      room -= tokens;
      shown.add(index);
    }
  };
  fill(shownMemories, memoryTokens, MEMORIES, bounds.memories);
  fill(shownDocuments, documentTokens, DOCUMENTS, bounds.documents);
  // Newest first, and without a gap: what is left out is one piece at the beginning.
  for (let index = units.length - 1; index >= 0; index--) {
    if (kept.has(index)) continue;
    if (!take(units[index]?.tokens ?? 0, left)) break;
    kept.add(index);
  }
  // Providers want the user to speak first.
  for (const [index, { messages, tokens }] of units.entries()) {
    if (!kept.has(index)) continue;
    if (messages[0]?.role === "user" || always.includes(index)) break;
    kept.delete(index);
    left += tokens;
  }
  fill(shownDocuments, documentTokens, DOCUMENTS, left);
  fill(shownMemories, memoryTokens, MEMORIES, left);

  const leftOut = {
    messages: units.flatMap(({ messages }, index) => (kept.has(index) ? [] : messages)),
    memories: memories.flatMap(({ id }, index) => (shownMemories.has(index) ? [] : [id])),
    documents: documents.flatMap(({ name }, index) => (shownDocuments.has(index) ? [] : [name])),
    summary: summary !== undefined && summary !== "" && !hasSummary,
  };
  if (pinned.length > 0) reasons.push(`${pinned.length} pinned facts`);
  if (hasSummary) reasons.push("a summary of what was said before");
  if (leftOut.summary) reasons.push("the summary is left out: there is no room");
  if (memories.length > 0) reasons.push(said("memories", memories.length, leftOut.memories));
  if (documents.length > 0) reasons.push(said("documents", documents.length, leftOut.documents));
  const all = parts.messages.length;
  reasons.push(
    leftOut.messages.length === 0
      ? `all ${all} messages`
      : `the oldest ${leftOut.messages.length} of ${all} messages are left out: there is no room`,
  );
  reasons.push(`${maxTokens - left} of ${maxTokens} tokens`);

  const context = [
    ...(hasSummary ? [`${SUMMARY}\n${asData("summary", summary)}`] : []),
    ...listed(
      MEMORIES,
      memories.filter((_, index) => shownMemories.has(index)).map(({ text }) => asData("memory", text)),
    ),
    ...listed(
      DOCUMENTS,
      documents.filter((_, index) => shownDocuments.has(index)).map(({ name, text }) => asData(name, text)),
    ),
  ];
  const messages = [
    ...(system === "" ? [] : [{ role: "system" as const, content: system }]),
    ...withContext(
      units.flatMap(({ messages: unit }, index) => (kept.has(index) ? unit : [])),
      context,
    ),
  ];
  return { messages, tokens: maxTokens - left, reasons, leftOut };
};

const systemText = (instructions: string | undefined, pinned: readonly string[]): string =>
  [
    ...(instructions === undefined || instructions === "" ? [] : [instructions]),
    ...(pinned.length === 0 ? [] : [`${PINNED}\n${pinned.map((fact) => `- ${fact}`).join("\n")}`]),
  ].join("\n\n");

const unitTokens = ({ messages }: MessageUnit, tokensOf: (text: string) => number): number =>
  messages.reduce((sum, message) => sum + messageTokens(message, tokensOf), 0);

/** The last that the user said, and the last of all. */
const fixedUnits = (units: readonly MessageUnit[]): readonly number[] => {
  const asked = units.findLastIndex(({ messages }) => messages[0]?.role === "user");
  return [asked, units.length - 1].filter((index) => index >= 0);
};

const listed = (title: string, texts: readonly string[]): readonly string[] =>
  texts.length === 0 ? [] : [`${title}\n${texts.join("\n")}`];

const said = (what: string, all: number, leftOut: readonly string[]): string =>
  leftOut.length === 0
    ? `all ${all} ${what}`
    : `${all - leftOut.length} of ${all} ${what}; no room for ${leftOut.slice(0, 10).join(", ")}${leftOut.length > 10 ? " …" : ""}`;

/** Before the last that the user said: what does not change from turn to turn stands first, where providers keep it. */
const withContext = (messages: readonly ModelMessage[], context: readonly string[]): readonly ModelMessage[] => {
  if (context.length === 0) return messages;
  const text = context.join("\n\n");
  const asked = messages.findLastIndex(({ role }) => role === "user");
  const question = messages[asked];
  if (question === undefined) return [{ role: "user", content: text }, ...messages];
  return messages.with(asked, { ...question, content: `${text}\n\n${question.content}` });
};
