import { parseInput } from "@agentcore/contract";
import {
  type AgentDefinition,
  type BuiltPrompt,
  buildPrompt,
  type ModelMessage,
  type QueryInput,
  type TaskInput,
} from "@agentcore/sdk";
import { z } from "zod";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";
import { byRelevance } from "./by-relevance.ts";

const Tokens = z.int().min(100).max(10_000_000);
const Instructions = z.string().max(200_000);
const Facts = z.array(z.string().min(1).max(10_000)).max(100);
const Share = z.number().min(0).max(1).optional();
const Shares = z.strictObject({ memories: Share, documents: Share });

const shape = {
  /** Of messages and tools together, where a request does not say. */
  maxTokens: Tokens.default(8_000),
  instructions: Instructions.optional(),
  /** Facts that are never cut. */
  pinned: Facts.default([]),
  shares: Shares.optional(),
  /** `relevance`: documents and memories that have more of the words of the last question come first; `given`: as they are. */
  order: z.enum(["relevance", "given"]).default("relevance"),
};

export const contextBuilderKind: StandardKind<typeof shape> = {
  name: "context-builder",
  description: "Puts together what a model is shown, within a window, and says what went in, what did not, and why",
  latencyMs: { from: 1, to: 40 },
  doesNot: ["ask a model", "sum up what has no room", "look for documents by itself"],
  skills: [
    {
      id: "build-context",
      name: "Build context",
      description:
        "Makes messages within a window of tokens, of instructions, facts, memories, documents and a conversation",
      tags: ["context", "prompt", "window", "tokens"],
      examples: ["Fit these documents and this conversation into 4,000 tokens"],
    },
  ],
  shape,
  model: "never",
  tools: "never",
  example: {
    options: { maxTokens: 2000, instructions: "Answer from the documents." },
    input: {
      documents: [{ name: "returns.md", text: "Goods may be returned within 30 days." }],
      messages: [{ role: "user", content: "How long may I return a lamp?" }],
    },
  },
};

export type ContextBuilderOptions = StandardOptions<typeof shape>;

const Text = z.string().max(1_000_000);
const Message = z.strictObject({
  role: z.enum(["user", "assistant", "tool"]),
  content: Text,
  toolCalls: z.array(z.strictObject({ id: z.string(), name: z.string(), input: z.unknown() })).optional(),
  toolCallId: z.string().optional(),
  toolName: z.string().optional(),
});
const Request = z.strictObject({
  instructions: Instructions.optional(),
  pinned: Facts.optional(),
  memories: z
    .array(z.strictObject({ id: z.string().min(1).max(256), text: Text }))
    .max(1_000)
    .default([]),
  documents: z
    .array(z.strictObject({ name: z.string().min(1).max(1_024), text: Text }))
    .max(1_000)
    .default([]),
  summary: Text.optional(),
  messages: z.array(Message).max(5_000).default([]),
  maxTokens: Tokens.optional(),
  shares: Shares.optional(),
});

/** An agent that does what `buildPrompt` of the sdk does, for whoever is not written with it, and puts what matters most first. */
export const contextBuilderAgent = (options: ContextBuilderOptions = {}): AgentDefinition => {
  const checked = checkStandard(contextBuilderKind, options);
  const build = (request: z.output<typeof Request>): BuiltPrompt => {
    const { memories, documents, summary, maxTokens = checked.maxTokens, shares = checked.shares } = request;
    const messages = request.messages as readonly ModelMessage[];
    const asked = messages.findLast(({ role }) => role === "user")?.content ?? "";
    const isOrdered = checked.order === "relevance" && asked !== "" && documents.length + memories.length > 1;
    const built = buildPrompt(
      {
        instructions: request.instructions ?? checked.instructions,
        pinned: [...checked.pinned, ...(request.pinned ?? [])],
        memories: isOrdered ? byRelevance(memories, ({ text }) => text, asked) : memories,
        documents: isOrdered ? byRelevance(documents, ({ name, text }) => `${name} ${text}`, asked) : documents,
        summary,
        messages,
      },
      { maxTokens, ...(shares === undefined ? {} : { shares }) },
    );
    const reasons = isOrdered
      ? ["what has more of the words of the last question comes first", ...built.reasons]
      : built.reasons;
    return { ...built, reasons };
  };
  return standardAgent(contextBuilderKind, checked, {
    input: Request,
    answer: ({ payload }: QueryInput) => build(parseInput(Request, payload, "what a context is to be built of")),
    run: ({ input }: TaskInput<z.output<typeof Request>>) => build(input),
  });
};
