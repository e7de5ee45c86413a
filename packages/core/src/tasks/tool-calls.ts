/**
 * `ctx.tool`: the one place where tools run, and so where they are judged, whichever strategy asks for them:
 *
 *   schema      what it is given
 *   permission  of whoever the task works for  ┐ `judgeTool`: pure, recorded where it is more than "as the tool says"
 *   policies    of the tenant                  ┘
 *   guardrails  of the agent
 *   limits      calls, money in one task
 *   approval    people are shown exactly what will run
 *   run         at most once, where the tool is not idempotent (`run-tool.ts`)
 *   guardrails  on what it came to
 *
 * What was said is taken from the log by a replay; what was not recorded is looked at anew, unless the log tells that the call went on.
 */
import { invalidArgument, PlatformError } from "@agentcore/contract";
import type { Ask, Context, StepOptions, Tool } from "@agentcore/contract/authoring";
import { judgeTool, nanoUsdOf, narrowed, type ToolJudgement, type ToolTerms } from "../governance/index.ts";
import type { ToolAnswers } from "../ports/index.ts";
import type { AskedConsents } from "./asked-consents.ts";
import type { AskedGrants } from "./asked-grants.ts";
import { untilAnswered } from "./asked-questions.ts";
import type { Execution } from "./execution.ts";
import type { Guards } from "./guards.ts";
import { parseToolInput } from "./parse-tool-input.ts";
import { startTool } from "./run-tool.ts";
import { verdictOf } from "./verdicts.ts";

const MAX_APPROVERS_NAMED = 20;

interface ApprovalNeeded {
  /** Of the call. */
  readonly path: string;
  readonly input: unknown;
  readonly asks: readonly Ask[];
  /** As the tool and policies say. */
  readonly approvers: readonly string[] | undefined;
  readonly signal: AbortSignal | undefined;
}

interface ToolCallsOptions {
  /** By which it asks people, as the code would. */
  readonly calls: () => Pick<Context, "waitForDecision" | "waitForInput">;
  readonly grants: AskedGrants;
  readonly consents: AskedConsents;
  readonly hash: (value: unknown) => string;
}

export class ToolCalls {
  private readonly execution: Execution;
  private readonly calls: () => Pick<Context, "waitForDecision" | "waitForInput">;
  private readonly grants: AskedGrants;
  private readonly hash: (value: unknown) => string;
  /** Null where no tool of the agent can ask for it. */
  private readonly consents: AskedConsents | null;
  /** Paths of calls that are judged or made now: what was said of one may not be taken for another. */
  private readonly judging = new Set<string>();

  constructor(execution: Execution, { calls, grants, consents, hash }: ToolCallsOptions) {
    this.execution = execution;
    this.calls = calls;
    this.grants = grants;
    this.hash = hash;
    this.consents = execution.definition.tools.some((tool) => "declared" in tool) ? consents : null;
  }

  call<Input, Output>(
    tool: Tool<Input, Output>,
    input: unknown,
    options: StepOptions,
    guards: Guards | null,
  ): Promise<Output> {
    const asked = tool as Tool as Tool<unknown, Output>;
    const { execution } = this;
    const isPlain =
      guards === null &&
      tool.permission === undefined &&
      tool.maxCalls === undefined &&
      (tool.approval ?? "never") === "never" &&
      execution.journal.verdicts.size === 0 &&
      execution.services.policies(execution.head.tenantId).length === 0;
    if (!isPlain) return this.judged(asked, input, options, guards);
    execution.toolUse.note(tool.name);
    return this.run(asked, input, options, ownTerms(asked));
  }

  /** Throws STEP_KEY_COLLISION, as two calls of one path under way do: a path is looked at long before it is entered. */
  private async judged<Output>(
    asked: Tool<unknown, Output>,
    given: unknown,
    options: StepOptions,
    guards: Guards | null,
  ): Promise<Output> {
    const path = this.execution.paths.peek("tool", asked.name, options.key);
    if (this.judging.has(path))
      throw new PlatformError(
        "STEP_KEY_COLLISION",
        `two calls "${path}" are under way at once; give each a key: { key: … }`,
        { details: { path } },
      );
    this.judging.add(path);
    try {
      return await this.judgedAt(path, asked, given, options, guards);
    } finally {
      this.judging.delete(path);
    }
  }

  private async judgedAt<Output>(
    path: string,
    asked: Tool<unknown, Output>,
    given: unknown,
    options: StepOptions,
    guards: Guards | null,
  ): Promise<Output> {
    const { execution } = this;
    const wasMade = execution.journal.calls.has(path);
    const parsing = parseToolInput(asked, given);
    const isAtOnce = !(parsing instanceof Promise);
    let parsed = isAtOnce ? parsing : await parsing;
    // Made known late by a schema that takes its time, it may not have been judged before what the log has behind it.
    const isPast = (): boolean => wasMade || (isAtOnce && execution.visits.isBehind);
    const terms = this.admit(asked, path, isPast());
    const tool = terms.changes === true ? { ...asked, ...CHANGING, execute: executeOf(asked) } : asked;
    const { input, asks } = guards === null ? { input: given, asks: [] } : await guards.use(tool, path, given, isPast);
    if (input !== given) parsed = await parseToolInput(tool, input);
    this.take(tool, terms);
    const isAsked = isAskedFor(tool, parsed.value);
    // Without a turn of its own where it needs none, as the schema.
    if (terms.approval || asks.length > 0 || (isAsked instanceof Promise ? await isAsked : isAsked))
      await this.approve(tool, { path, input, asks, approvers: terms.approvers, signal: options.signal });
    const result = await this.run(tool, input, options, terms);
    return guards === null ? result : ((await guards.outcome(tool, path, input, result)) as Output);
  }

  /** Permission and policies. Throws PERMISSION_DENIED. */
  private admit(tool: Tool, path: string, isPast: boolean): ToolTerms {
    const { head, definition, journal, services } = this.execution;
    const own = ownTerms(tool);
    const judgement = (): ToolJudgement =>
      judgeTool({
        ...{ agent: head.agent, labels: definition.labels, tool: tool.name, permission: tool.permission, terms: own },
        permissions: journal.submitted.permissions,
        policies: services.policies(head.tenantId),
      });
    const verdict = verdictOf(
      this.execution,
      path,
      () => {
        const { choice, reasons, terms } = judgement();
        if (reasons.length === 0) return null;
        return { choice, reasons, ...(choice === "deny" ? {} : { value: terms }) };
      },
      isPast,
    );
    if (verdict === null) return own;
    if (verdict.choice === "deny")
      throw new PlatformError("PERMISSION_DENIED", `tool ${tool.name} may not run: ${verdict.reasons.join("; ")}`, {
        details: { tool: tool.name },
      });
    return (verdict.value as ToolTerms | undefined) ?? own;
  }

  /** Throws LIMIT_REACHED. */
  private take(tool: Tool, { maxCalls, maxCostUsd }: ToolTerms): void {
    const { toolUse } = this.execution;
    const calls = toolUse.of(tool.name);
    const refuse = (limit: string): never => {
      throw new PlatformError(
        "LIMIT_REACHED",
        `tool ${tool.name} has been called ${calls} times in this task: ${limit}`,
        {
          details: { tool: tool.name, calls },
        },
      );
    };
    if (maxCalls !== undefined && calls >= maxCalls) refuse(`${maxCalls} calls are allowed`);
    if (maxCostUsd !== undefined && (calls + 1) * nanoUsdOf(tool.costUsd ?? 0) > nanoUsdOf(maxCostUsd))
      refuse(`one more would cost more than $${maxCostUsd} together`);
    toolUse.note(tool.name);
  }

  /** Throws PERMISSION_DENIED, with what who refused said, and INVALID_ARGUMENT for more than people can be shown. */
  private async approve({ name }: Tool, { path, input, asks, signal, ...terms }: ApprovalNeeded): Promise<void> {
    const asked = asks.map((ask): ToolTerms => ({ approval: true, approvers: ask.approvers }));
    const { approvers } = asked.reduce(narrowed, { approval: true, approvers: terms.approvers });
    if (approvers?.length === 0)
      throw new PlatformError(
        "PERMISSION_DENIED",
        `tool ${name} needs approval, and nobody is in all the lists of those who may approve it`,
        { details: { tool: name } },
      );
    const reasons = asks.map(({ ask }) => ask);
    const request = {
      key: path,
      prompt: [`Run tool ${name} with these arguments?`, ...reasons].join("\n"),
      show: { tool: name, input, ...(reasons.length === 0 ? {} : { reasons }) },
      ...(approvers === undefined ? {} : { approvers }),
      ...(signal === undefined ? {} : { signal }),
    };
    const { choice, by } = await this.askPeople(name, request);
    if (choice === "approve") return;
    const said = by
      .slice(0, MAX_APPROVERS_NAMED)
      .map(({ caller, comment }) => `${caller}${comment ? `: ${comment}` : ""}`);
    throw new PlatformError("PERMISSION_DENIED", `tool ${name} was not approved by ${said.join("; ") || "anybody"}`, {
      details: { tool: name },
    });
  }

  private async askPeople(
    name: string,
    request: Parameters<Context["waitForDecision"]>[0],
  ): ReturnType<Context["waitForDecision"]> {
    try {
      return await this.calls().waitForDecision(request);
    } catch (error) {
      if (!PlatformError.is(error) || error.code !== "TOO_LARGE") throw error;
      throw invalidArgument(`the input of tool ${name}`, [
        { field: "", description: "it needs approval, and has more than people can be shown: 64 KiB" },
      ]);
    }
  }

  private run<Output>(
    tool: Tool<unknown, Output>,
    input: unknown,
    options: StepOptions,
    terms: ToolTerms,
  ): Promise<Output> {
    const { consents } = this;
    // Within each round: who has answered is not asked again because a budget had too little left for the next.
    const once = (answers?: ToolAnswers): Promise<Output> => {
      const run = (): Promise<Output> => this.runOnce(tool, input, options, terms, answers);
      return tool.costUsd === undefined ? run() : this.grants.untilGranted(run);
    };
    if (consents === null) return once();
    return untilAnswered(this.calls, {
      what: options.key === undefined ? tool.name : `${tool.name}[${options.key}]`,
      signal: options.signal,
      make: (answers) => consents.untilGiven(() => once(answers)),
    });
  }

  private runOnce<Output>(
    tool: Tool<unknown, Output>,
    input: unknown,
    { key, retry, timeoutMs, signal }: StepOptions,
    terms: ToolTerms,
    answers: ToolAnswers | undefined,
  ): Promise<Output> {
    const { execution } = this;
    return execution.call<Output>({
      kind: "tool",
      name: tool.name,
      key,
      inputHash: this.hash(input),
      input,
      takesInput: true,
      signal,
      start: (call, recorded, given) =>
        startTool(execution, call, recorded, {
          ...{ tool, input: given, retry, answers },
          timeoutMs: narrowed({ approval: false, timeoutMs }, terms).timeoutMs,
        }),
    });
  }
}

const CHANGING = { readOnly: false, idempotent: false } as const;

/** Of a tool that is an object with a state of its own. */
const executeOf =
  <Output>(tool: Tool<unknown, Output>): Tool<unknown, Output>["execute"] =>
  (input, context) =>
    tool.execute(input, context);

const ownTerms = ({ approval, approvers, timeoutMs, maxCalls }: Tool): ToolTerms => ({
  approval: approval === "always",
  ...{ approvers, timeoutMs, maxCalls },
});

/** Where the code runs apart, its rule answers later. */
const isAskedFor = ({ approval }: Tool, parsed: unknown): boolean | Promise<boolean> =>
  typeof approval === "function" && approval(parsed);
