/** What an agent's model is shown beside what its strategy says: the conversation so far, memories, facts that always hold; all within a window. */
import type { Context, ModelMessage, ModelRequest, TaskInput } from "@agentcore/contract/authoring";
import { inputText } from "../strategy/opening.ts";
import { type BuiltPrompt, buildPrompt, type PromptParts, type PromptWindow } from "./build-prompt.ts";
import { contextWith } from "./context-with.ts";
import { earlierMessages } from "./earlier-messages.ts";
import { messageUnits } from "./message-units.ts";
import { conversationTokens, summarise } from "./summarise.ts";

export interface AgentContext {
  /** Of each call of the model, messages and tools together, by an estimate that is rather too high. @default no bound */
  readonly maxTokens?: number | undefined;
  /** The conversation so far: what the caller and the agent said in earlier tasks of the same context, so much of the newest. @default none */
  readonly history?: { readonly maxTokens: number; readonly maxTasks?: number | undefined } | undefined;
  /** What is remembered about the task's input, found when it begins. @default nothing */
  readonly recall?: { readonly pool?: string | undefined; readonly limit?: number | undefined } | undefined;
  /** Facts that are never cut. */
  readonly pinned?: readonly string[] | undefined;
  /** What has no room is summed up by the model, in place of being left out; a call of its own each time. @default false */
  readonly summarise?: boolean | undefined;
}

type Run<Output> = (task: TaskInput<unknown>, ctx: Context) => Promise<Output> | Output;

// Recall takes no more.
const MAX_QUERY = 8_000;
const NO_BOUND = Number.MAX_SAFE_INTEGER;

/** A run all of whose questions to models are put together so. What went in and what did not, where that is not all, is a decision in the log: `prompt`. */
export const withAgentContext =
  <Output>(context: AgentContext, run: Run<Output>): Run<Output> =>
  async (task, ctx) => {
    const { maxTokens = NO_BOUND, history, recall, pinned } = context;
    const parts: Omit<PromptParts, "messages"> = { pinned, memories: await recalled(task, ctx, recall) };
    const earlier = history === undefined ? [] : await earlierMessages(task, ctx, history);
    const { shown, leftOut } = newest(earlier, history?.maxTokens ?? 0);
    const prompts = new Prompts(ctx, context, { maxTokens }, parts, shown);
    if (leftOut.length > 0) await prompts.leaveOut(leftOut, earlier.length);
    return run(task, contextWith(ctx, { model: (request) => prompts.ask(request) }));
  };

class Prompts {
  private readonly ctx: Context;
  private readonly context: AgentContext;
  private readonly window: PromptWindow;
  private readonly parts: Omit<PromptParts, "messages">;
  private readonly earlier: readonly ModelMessage[];
  private summary: string | null = null;
  /** One after the other: each goes on with what the one before it says. */
  private summing: Promise<unknown> = Promise.resolve();
  /** Messages that the summary stands for, as they were given. */
  private readonly summed = new Set<ModelMessage>();

  constructor(
    ctx: Context,
    context: AgentContext,
    window: PromptWindow,
    parts: Omit<PromptParts, "messages">,
    earlier: readonly ModelMessage[],
  ) {
    this.ctx = ctx;
    this.context = context;
    this.window = window;
    this.parts = parts;
    this.earlier = earlier;
  }

  /** Of the conversation before the task, what its own bound leaves no room for. */
  async leaveOut(messages: readonly ModelMessage[], all: number): Promise<void> {
    const { summarise: sums = false } = this.context;
    this.ctx.decide("history", () => ({
      choice: sums ? "summarised" : "cut",
      reasons: [`the oldest ${messages.length} of ${all} earlier messages have no room in the history's bound`],
    }));
    if (sums) await this.sumUp(messages);
  }

  async ask(request: ModelRequest): ReturnType<Context["model"]> {
    const system = request.messages.filter(({ role }) => role === "system");
    const rest = request.messages.filter(({ role }) => role !== "system");
    const build = (window: PromptWindow): BuiltPrompt =>
      buildPrompt(
        {
          ...this.parts,
          instructions: system.map(({ content }) => content).join("\n\n"),
          summary: this.summary ?? undefined,
          messages: [...this.earlier, ...rest].filter((message) => !this.summed.has(message)),
          tools: request.tools,
        },
        window,
      );
    let built = build(this.window);
    const sums = this.context.summarise === true && built.leftOut.messages.length > 0;
    if (sums) {
      await this.sumUp(this.outgrown(built, build), request.key);
      built = build(this.window);
    }
    const { messages, reasons, leftOut } = built;
    const { memories = [], pinned = [] } = this.parts;
    const isCut = Object.values(leftOut).some((part) => part === true || (Array.isArray(part) && part.length > 0));
    const isPlain = memories.length + pinned.length + this.earlier.length === 0 && this.summary === null && !isCut;
    this.ctx.decide(
      request.key === undefined ? "prompt" : `prompt ${request.key}`,
      () => ({ choice: sums ? "summarised" : isCut ? "cut" : isPlain ? "plain" : "whole", reasons }),
      { implied: "plain" },
    );
    return this.ctx.model({ ...request, messages });
  }

  /** More than has to go, so that not each turn from now on has to be summed up. */
  private outgrown({ leftOut }: BuiltPrompt, build: (window: PromptWindow) => BuiltPrompt): readonly ModelMessage[] {
    try {
      return build({ ...this.window, maxTokens: Math.floor(this.window.maxTokens * FILLED_AGAIN) }).leftOut.messages;
    } catch {
      // What is never cut takes more than that by itself.
      return leftOut.messages;
    }
  }

  private async sumUp(messages: readonly ModelMessage[], key?: string): Promise<void> {
    // Noted before the wait: a question that is asked meanwhile must not sum them up as well.
    for (const message of messages) this.summed.add(message);
    const maxTokens = Math.min(this.window.maxTokens, MAX_SUMMED);
    const named = key === undefined ? {} : { key: `summary ${key}` };
    const summing = this.summing.then(async () => {
      this.summary = await summarise(this.ctx, messages, this.summary, { maxTokens, ...named });
    });
    this.summing = summing.catch(() => undefined);
    await summing;
  }
}

// Of a window, after what has outgrown it was summed up.
const FILLED_AGAIN = 0.6;

// Of one question for a summary, where the window has no bound of its own.
const MAX_SUMMED = 16_000;

const recalled = async (
  task: TaskInput<unknown>,
  ctx: Context,
  recall: AgentContext["recall"],
): Promise<PromptParts["memories"]> => {
  const query = inputText(task).slice(0, MAX_QUERY);
  if (recall === undefined || query.trim() === "") return [];
  const { pool, limit } = recall;
  const { memories } = await ctx.memory.recall(query, {
    ...(pool === undefined ? {} : { pool }),
    ...(limit === undefined ? {} : { limit }),
  });
  return memories;
};

/** The newest that fit, without a gap; the rest in its order. */
const newest = (
  messages: readonly ModelMessage[],
  maxTokens: number,
): { readonly shown: readonly ModelMessage[]; readonly leftOut: readonly ModelMessage[] } => {
  const units = messageUnits(messages);
  let tokens = 0;
  let from = units.length;
  while (from > 0) {
    tokens += conversationTokens(units[from - 1]?.messages ?? []);
    if (tokens > maxTokens) break;
    from--;
  }
  // Providers want the user to speak first.
  while (from < units.length && units[from]?.messages[0]?.role !== "user") from++;
  const all = (part: typeof units): readonly ModelMessage[] => part.flatMap(({ messages: unit }) => unit);
  return { shown: all(units.slice(from)), leftOut: all(units.slice(0, from)) };
};
