/**
 * A request in plain words is done by whoever can do it: directly where one agent can, else in parts. Nothing is begun before there is somebody for every
 * part, and nobody whose task stands above gets one back.
 */
import {
  type AgentsFound,
  type Context,
  inputText,
  type Strategy,
  type StrategySpec,
  type TaskInput,
  TerminalError,
} from "@agentcore/sdk";
import { z } from "zod";
import { IN_CODE, type Role, type RoleSchemas } from "../role.ts";
import { checkStrategy, count, refuseTools, told } from "../strategies/check-strategy.ts";
import { type Assignment, assign } from "./assign.ts";
import { clausesOf } from "./clauses.ts";
import { type DonePart, distribute } from "./distribute.ts";
import { type Divided, divide, givenParts } from "./divide.ts";
import { findAgents, type Limits, listAgents, type Staffed, staff } from "./find-agents.ts";
import { gather } from "./gather.ts";
import { MAX_NEED, needOf, type Part } from "./parts.ts";

export interface BreakdownOptions {
  /**
   * Divides a request: gets `{ request, agents, maxParts }` and gives `[{ id, what, need, dependsOn }]` or `{ parts }`. Told once what is wrong with
   * them, as `refused` and `problems`. @default the agent's model; without one a request that is written as a list is divided where it is
   */
  readonly decompose?: Role | undefined;
  /**
   * Makes one answer: gets `{ request, parts, results, missing }`. `results`: they are the answer, by part. @default the result of the part that all
   * others lead to, else the agent's model, else `results`
   */
  readonly gather?: Role | "results" | undefined;
  /** 1 to 50. @default 10 */
  readonly maxParts?: number | undefined;
  /** Parts at once, 1 to 50. @default 5 */
  readonly concurrency?: number | undefined;
  /** US dollars of all parts together, by what their agents declare. @default no limit */
  readonly maxCostUsd?: number | undefined;
  /** Milliseconds of an agent's answers, as they were measured: slower ones get no part. @default no limit */
  readonly maxLatencyMs?: number | undefined;
  /** Labels that whoever gets a part must have. */
  readonly selector?: Readonly<Record<string, string>> | undefined;
  /** When a part fails: all of it does, or the answer is made without it and says so. @default "fail" */
  readonly onFailure?: "fail" | "gather" | undefined;
  /** Milliseconds that one part may take. @default the rest of the task's own time */
  readonly partTimeoutMs?: number | undefined;
  /** Tasks that may stand above one that divides its request, 0 to 20. @default 3 */
  readonly maxDepth?: number | undefined;
}

export interface BreakdownResult {
  readonly answer: unknown;
  /** direct: one agent did all of it, and nothing was divided. */
  readonly path: "direct" | "divided";
  readonly parts: readonly Omit<DonePart, "output">[];
  /** Parts are missing in the answer. */
  readonly isPartial: boolean;
}

export const breakdownShape = ({ role }: Pick<RoleSchemas, "role">) => ({
  decompose: role.optional(),
  gather: z.union([z.literal("results"), role], { error: "expected an agent or results" }).optional(),
  maxParts: count(50, 10),
  concurrency: count(50, 5),
  maxCostUsd: z.number().min(0).optional(),
  maxLatencyMs: z.number().min(0).optional(),
  selector: z.record(z.string().min(1).max(63), z.string().max(63)).optional(),
  onFailure: z.enum(["fail", "gather"], { error: "expected fail or gather" }).default("fail"),
  partTimeoutMs: z.int().min(1).optional(),
  maxDepth: z.int().min(0).max(20).default(3),
});

type WithDefaults = "maxParts" | "concurrency" | "onFailure" | "maxDepth";
type Checked = Omit<BreakdownOptions, WithDefaults> & {
  readonly [Option in WithDefaults]: NonNullable<BreakdownOptions[Option]>;
};

// More clauses are more than one wish, without asking for each.
const MAX_CLAUSES = 8;

/**
 * Its run gives a BreakdownResult, or with an output schema of the agent the answer alone. Throws TerminalError: NO_CANDIDATE, which names the parts that
 * nobody can do, what they need, and who comes nearest; BUDGET_EXCEEDED; LOOP_DETECTED; what a part failed with.
 */
export const breakdown = (options: BreakdownOptions = {}): Strategy => {
  const checked = checkStrategy("breakdown", breakdownShape(IN_CODE), options) as Checked;
  return <Output>(spec: StrategySpec<Output>) => {
    refuseTools("breakdown", spec as StrategySpec<unknown>);
    return async (task: TaskInput<unknown>, ctx: Context): Promise<Output> => {
      const result = await new Breakdown(ctx, task, spec as StrategySpec<unknown>, checked).run();
      return (spec.output === undefined ? result : result.answer) as Output;
    };
  };
};

class Breakdown {
  private readonly ctx: Context;
  private readonly task: TaskInput<unknown>;
  private readonly spec: StrategySpec<unknown>;
  private readonly options: Checked;
  private readonly limits: Limits;

  constructor(ctx: Context, task: TaskInput<unknown>, spec: StrategySpec<unknown>, options: Checked) {
    const { maxLatencyMs, maxCostUsd, selector } = options;
    this.ctx = ctx;
    this.task = task;
    this.spec = spec;
    this.options = options;
    this.limits = {
      ...(maxLatencyMs === undefined ? {} : { maxLatencyMs }),
      ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
      ...(selector === undefined ? {} : { selector }),
      exclude: [...new Set(task.above ?? [])],
    };
  }

  async run(): Promise<BreakdownResult> {
    const { ctx, options } = this;
    const { input } = this.task;
    const given = givenParts(input, options.maxParts);
    const request = inputText(this.task);
    const whole = given === null ? await this.lookAtWhole(request) : null;
    if (whole?.direct !== undefined) return this.direct(request, whole.direct, whole.reasons);
    this.assertShallow();
    const { parts, by } =
      given === null ? await this.divided(request, whole?.asked) : { parts: given, by: "it says its parts itself" };
    ctx.decide("path", () => ({ choice: "divided", reasons: [...(whole?.reasons ?? []), by, ...parts.map(toldPart)] }));
    const staffed = await staff(ctx, parts, this.limits);
    const assignments = this.assigned(staffed);
    for (const { id, agent, isCheaper } of assignments) {
      const { asked } = staffed.find(({ part }) => part.id === id) as Staffed;
      ctx.decide(`agent of ${id}`, () => ({
        choice: agent.agent,
        reasons: [...(isCheaper ? ["it is not the best, but what all parts cost has to fit"] : []), ...asked.reasons],
        scores: asked.found.map(({ agent: candidate, score }) => ({ candidate, score })),
      }));
    }
    const done = await distribute(ctx, parts, assignments, options);
    if (done.every(({ state }) => state !== "done"))
      throw new TerminalError(`no part was done: ${done.map(({ id, why }) => `${id}: ${why}`).join("; ")}`, {
        details: { parts: done.map(withoutOutput) },
      });
    const answer = await gather(ctx, input, { parts, done }, { ...this.spec, gather: options.gather });
    return {
      ...{ answer, path: "divided", parts: done.map(withoutOutput) },
      isPartial: done.some(({ state }) => state !== "done"),
    };
  }

  /** Whether one agent can do all of it: asked of the whole where it is one wish, else of each clause. */
  private async lookAtWhole(request: string): Promise<{
    readonly direct?: string;
    readonly reasons: readonly string[];
    readonly asked?: AgentsFound;
  }> {
    const clauses = request.length > MAX_NEED ? [] : clausesOf(request);
    if (clauses.length > MAX_CLAUSES || clauses.length === 0)
      return { reasons: ["it is too long, or says too much at once, to be one wish"] };
    if (clauses.length === 1) {
      const asked = await findAgents(this.ctx, request, this.limits, "whole");
      const [best] = asked.found;
      if (best === undefined) return { reasons: asked.reasons, asked };
      return { direct: best.agent, reasons: ["it asks for one thing, which one agent does", ...asked.reasons], asked };
    }
    const each = await Promise.all(
      clauses.map((clause, index) => findAgents(this.ctx, clause, this.limits, `clause/${index + 1}`)),
    );
    const bests = new Set(each.map(({ found }) => found[0]?.agent));
    const [best] = bests;
    if (bests.size > 1 || best === undefined)
      return { reasons: [`it has ${clauses.length} clauses, which no one agent does all of`] };
    return { direct: best, reasons: [`the same agent does each of its ${clauses.length} clauses`] };
  }

  private async direct(request: string, agent: string, reasons: readonly string[]): Promise<BreakdownResult> {
    const { ctx, task, options } = this;
    ctx.decide("path", () => ({ choice: "direct", reasons }));
    const { partTimeoutMs } = options;
    const answer = await ctx.command(
      { agent },
      task.input,
      partTimeoutMs === undefined ? {} : { timeoutMs: partTimeoutMs },
    );
    const part = { id: "request", what: told(request), agent, state: "done" } as const;
    return { answer, path: "direct", parts: [part], isPartial: false };
  }

  private assertShallow(): void {
    const { above = [] } = this.task;
    const { maxDepth } = this.options;
    if (above.length <= maxDepth) return;
    throw new TerminalError(
      `${above.length} tasks stand above this one (${above.slice(-4).join(" → ")}), and it may divide its request below ${maxDepth}; raise maxDepth if they get on`,
      { code: "LOOP_DETECTED", details: { failureMode: "unaware-of-termination-conditions", above, maxDepth } },
    );
  }

  private async divided(request: string, asked: AgentsFound | undefined): Promise<Divided> {
    const { ctx, spec, options } = this;
    const isAsked = spec.model !== undefined || options.decompose !== undefined;
    const agents = isAsked ? await listAgents(ctx) : [];
    const divided = await divide(ctx, request, agents, { ...options, ...spec });
    if (divided === null) {
      const part: Part = { id: "request", what: request, dependsOn: [] };
      const nobody = asked ?? (await findAgents(ctx, request.slice(0, MAX_NEED), this.limits, "whole"));
      throw missing(
        [{ part, asked: { ...nobody, found: [] } }],
        "nobody is there to divide it: give the agent a model, or `decompose`",
      );
    }
    return divided;
  }

  /** Throws, before anything is begun, when there is nobody for a part or they cost too much together. */
  private assigned(staffed: readonly Staffed[]): readonly Assignment[] {
    const nobody = staffed.filter(({ asked }) => asked.found.length === 0);
    if (nobody.length > 0) throw missing(nobody, "nothing was begun");
    const { maxCostUsd } = this.options;
    const assigned = assign(staffed, maxCostUsd);
    if (assigned.fits) return assigned.assignments;
    throw new TerminalError(
      `the ${staffed.length} parts cost $${assigned.leastUsd} at least, and $${maxCostUsd} is allowed; nothing was begun`,
      { code: "BUDGET_EXCEEDED", details: { leastUsd: assigned.leastUsd, maxCostUsd } },
    );
  }
}

const toldPart = (part: Part): string => {
  const after = part.dependsOn.length === 0 ? "" : ` after ${part.dependsOn.join(", ")}`;
  return `${part.id}${after}: ${told(part.what)}${part.need === undefined ? "" : ` (needs: ${part.need})`}`;
};

const withoutOutput = ({ output: _output, ...part }: DonePart): Omit<DonePart, "output"> => part;

/** Names each part that nobody can do, what it needs, and who comes nearest. */
const missing = (nobody: readonly Staffed[], consequence: string): TerminalError => {
  const parts = nobody.map(({ part, asked: { nearest, reasons } }) => ({
    ...{ part: part.id, what: told(part.what), need: needOf(part), nearest, reasons },
  }));
  const sentences = parts.map(({ part, need, nearest, reasons }) => {
    const near = nearest.map(({ agent, why }) => `${agent} (${why})`).join(", ");
    return `part "${part}" needs "${need}", and nobody can do that: ${near === "" ? reasons.join("; ") : `nearest ${nearest.length === 1 ? "is" : "are"} ${near}`}`;
  });
  const isPartial = nobody.some(({ asked }) => asked.isPartial);
  return new TerminalError(`${sentences.join("; ")}; ${consequence}`, {
    // A model that was to search was not asked: there may be somebody.
    code: isPartial ? "UNAVAILABLE" : "NO_CANDIDATE",
    details: { missing: parts },
  });
};
