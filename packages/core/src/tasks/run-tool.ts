/**
 * Runs a tool that may run: holds its price, has its start in the log before it acts where it must not act twice, and settles what it cost.
 *
 * At most once: the start of a tool that is not idempotent is durable (`step.started`) before `execute` is called, in the unit of whatever else there is
 * to write then. A call that was started, and of which a later life finds no result, is not made again: nobody knows what became of it.
 */
import { invalidArgument, PlatformError, RetryableError } from "@agentcore/contract";
import type { RetryPolicy, StepContext, Tool } from "@agentcore/contract/authoring";
import { budgetExceeded, type HeldBudget, nanoUsdOf } from "../governance/index.ts";
import type { ToolAnswers, UsageRecord } from "../ports/index.ts";
import { ANSWERS, type AnsweredContext } from "./asked-questions.ts";
import { checkedOutput } from "./execute-tool.ts";
import type { Execution } from "./execution.ts";
import type { RecordedWait } from "./journal.ts";
import type { OpenCall } from "./open-call.ts";
import { parseToolInput } from "./parse-tool-input.ts";
import { startStep } from "./steps.ts";

const HOUR_MS = 3_600_000;
// Of a tool without a time limit: what it costs is known, so what expires counts as it would have.
const RESERVED_MS = 600_000;

export interface ToolBody {
  readonly tool: Tool;
  readonly input: unknown;
  readonly retry: RetryPolicy | undefined;
  readonly timeoutMs: number | undefined;
  /** To what its last call asked. @default none */
  readonly answers?: ToolAnswers | undefined;
}

export const startTool = (
  execution: Execution,
  call: OpenCall,
  recorded: RecordedWait | undefined,
  body: ToolBody,
): void => {
  const { tool, input, retry, timeoutMs, answers } = body;
  const isRepeatable = tool.idempotent ?? tool.readOnly ?? false;
  // A try that waits for its time has failed, and says when.
  if (!isRepeatable && recorded !== undefined && recorded.dueAt === null)
    return execution.services.whenFresh(() =>
      execution.fail(call, outcomeUnknown(tool, "the process that ran it was lost"), recorded.attempt),
    );
  const price = nanoUsdOf(tool.costUsd ?? 0);
  // Of the last try, as there is one at a time.
  let hasBegun = false;
  let came = price;
  let settle: ((spent: number) => void) | null = null;
  startStep(execution, call, recorded, {
    ...{ input, retry, timeoutMs },
    what: `the result of tool "${tool.name}"`,
    // What it holds of budgets must be a task's.
    waitsForLog: !isRepeatable && price === 0,
    ...(isRepeatable ? {} : { mayRetry: RetryableError.is }),
    explain(error) {
      // Its time may be over while the tool goes on.
      settle?.(hasBegun ? came : 0);
      const isLate = PlatformError.is(error) && error.code === "DEADLINE_EXCEEDED";
      return isLate && hasBegun && !isRepeatable ? outcomeUnknown(tool, error.message) : error;
    },
    run: async (step) => {
      hasBegun = false;
      came = price;
      const parsed = await parseToolInput(tool, step.input);
      const held = price === 0 ? null : await reserve(execution, tool, price, step, timeoutMs);
      const settleTry = settlerOf(execution, call, tool, held);
      settle = settleTry;
      const { signal, idempotencyKey } = step;
      try {
        if (!isRepeatable) await noteStart(execution, call, step);
        // Its time, or that of the task, is over: it does not begin.
        signal.throwIfAborted();
      } catch (error) {
        // Its call may be closed, and then nobody explains it.
        settleTry(0);
        throw error;
      }
      hasBegun = true;
      try {
        const spent = (costUsd: number): void => {
          came = spentOf(tool, costUsd);
        };
        const context: AnsweredContext = { signal, idempotencyKey, spent, [ANSWERS]: answers };
        return await checkedOutput(tool, await tool.execute(parsed.value, context));
      } finally {
        settleTry(came);
      }
    },
  });
};

/** In billionths. Throws INVALID_ARGUMENT. */
const spentOf = ({ name, costUsd }: Tool, spent: number): number => {
  if (costUsd === undefined || costUsd === 0)
    throw invalidArgument(`tool ${name}`, [
      { field: "costUsd", description: "expected the most that a try may cost, beside what it tells of by spent()" },
    ]);
  if (!Number.isFinite(spent) || spent < 0)
    throw invalidArgument(`spent() of tool ${name}`, [
      { field: "costUsd", description: "expected US dollars, 0 or more" },
    ]);
  return nanoUsdOf(spent);
};

/** With what else there is to write. Resolves when it is durable; rejects when that is not to be waited for any more. */
const noteStart = (execution: Execution, call: OpenCall, { attempt, signal }: StepContext): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    if (!execution.isOpen(call)) return;
    signal.addEventListener("abort", abort, { once: true });
    const { path, kind, inputHash } = call;
    const data = { path, kind, ...(inputHash === undefined ? {} : { inputHash }), attempt };
    execution.append({ type: "step.started", at: execution.services.senses.clock.now(), data }, () => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
  });

const outcomeUnknown = ({ name }: Tool, why: string): PlatformError =>
  new PlatformError(
    "OUTCOME_UNKNOWN",
    `tool ${name} was begun, and ${why}: it may or may not have acted; look before it is called again`,
    { details: { tool: name } },
  );

/** Null: nobody counts. Throws BUDGET_EXCEEDED, STORE_UNAVAILABLE. */
const reserve = async (
  execution: Execution,
  tool: Tool,
  price: number,
  { idempotencyKey }: StepContext,
  timeoutMs: number | undefined,
): Promise<HeldBudget | null> => {
  const { head, definition, runId, services } = execution;
  if (services.budgets === null) return null;
  const what = `tool ${tool.name}`;
  const reserved = await services.budgets.reserve({
    tenantId: head.tenantId,
    key: `tool/${idempotencyKey}`,
    subject: { runId, agent: head.agent, team: definition.labels["team"] ?? "", caller: head.caller },
    bound: { nanoUsd: price, tokens: 0, output: { nanoUsd: 0, tokens: 0 } },
    model: what,
    callTimeoutMs: timeoutMs ?? RESERVED_MS,
    usage: usageOf(execution, tool, price),
  });
  if (reserved.outcome === "held") return reserved.held;
  if (reserved.outcome === "exceeded") throw budgetExceeded(what, reserved.exceeded, true);
  throw new PlatformError("STORE_UNAVAILABLE", `the budgets of a call of ${what} were not reserved`);
};

/** Settles once, with the result where there is one to come: else its task may be another's. */
const settlerOf = (
  execution: Execution,
  call: OpenCall,
  tool: Tool,
  held: HeldBudget | null,
): ((spent: number) => void) => {
  const { services, head } = execution;
  let isSettled = held === null;
  return (spent) => {
    if (isSettled || held === null || services.budgets === null) return;
    isSettled = true;
    const settlement = services.budgets.settlement(
      held,
      { nanoUsd: spent, tokens: 0 },
      usageOf(execution, tool, spent),
    );
    if (execution.isOpen(call)) execution.settle(settlement);
    else services.settle(head.tenantId, settlement);
  };
};

/** Shown among models, by a name that no model has. */
const usageOf = ({ head, definition, services }: Execution, { name }: Tool, costNanoUsd: number): UsageRecord => ({
  hour: Math.floor(services.senses.clock.now() / HOUR_MS) * HOUR_MS,
  ...{ agent: head.agent, team: definition.labels["team"] ?? "", model: `tool:${name}`, caller: head.caller },
  ...{ calls: costNanoUsd === 0 ? 0 : 1, estimatedCalls: 0, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
  ...{ costNanoUsd, cacheHits: 0, savedNanoUsd: 0 },
});
