/** Guardrails of an agent, run around its code and each call of a tool, in their order; each may be code that waits through `ctx`. */
import { PlatformError, RejectedError } from "@agentcore/contract";
import type {
  Ask,
  Change,
  Context,
  GuardedTask,
  Guardrail,
  Refuse,
  TaskInput,
  Tool,
} from "@agentcore/contract/authoring";
import type { Execution } from "./execution.ts";
import { type Verdict, verdictOf } from "./verdicts.ts";

/** A call of a tool that may be made, or may if people agree. */
export interface GuardedUse {
  readonly input: unknown;
  readonly asks: readonly Ask[];
}

type Said = ReturnType<NonNullable<Guardrail["tool"]>>;

export class Guards {
  private readonly execution: Execution;
  private readonly guardrails: readonly Guardrail[];
  private readonly ctx: () => Context;
  private readonly about: GuardedTask;

  /** `ctx`: what guardrails are given, whose tools are under no guardrail. */
  constructor(execution: Execution, guardrails: readonly Guardrail[], task: TaskInput<unknown>, ctx: () => Context) {
    this.execution = execution;
    this.guardrails = guardrails;
    this.ctx = ctx;
    const { instructions } = execution.definition;
    const { received } = execution;
    this.about = {
      task,
      instructions,
      get received() {
        return received?.values ?? [];
      },
      get isCut() {
        return received?.isCut ?? false;
      },
    };
  }

  /** The input, as the code is to have it. Throws RejectedError. */
  async input(value: unknown): Promise<unknown> {
    return this.pass(value, "input", (guard, current) => guard.input?.(current, this.ctx(), this.about), refusedInput);
  }

  /** Throws OUTPUT_REFUSED. */
  async output(value: unknown): Promise<unknown> {
    return this.pass(
      value,
      "output",
      (guard, current) => guard.output?.(current, this.ctx(), this.about),
      refusedOutput,
    );
  }

  /** `path`: of the call; `isPast`: as the log tells it went on. Throws PERMISSION_DENIED. */
  async use(tool: Tool, path: string, input: unknown, isPast: () => boolean): Promise<GuardedUse> {
    const asks: Ask[] = [];
    const ask = (said: Verdict): void => {
      const { approvers } = (said.value ?? {}) as Pick<Ask, "approvers">;
      asks.push({ ask: said.reasons[0] ?? "", ...(approvers === undefined ? {} : { approvers }) });
    };
    const judged = await this.pass(
      input,
      path,
      (guard, current) => guard.tool?.({ tool, input: current }, this.ctx(), this.about),
      (guard, reason) => refusedTool(guard, tool, reason),
      { ask, isPast },
    );
    return { input: judged, asks };
  }

  /** The result, as the code is to have it. Throws PERMISSION_DENIED. */
  async outcome(tool: Tool, path: string, input: unknown, result: unknown): Promise<unknown> {
    return this.pass(
      result,
      `${path} result`,
      (guard, current) => guard.result?.({ tool, input, result: current }, this.ctx(), this.about),
      (guard, reason) => refusedTool(guard, tool, reason),
    );
  }

  private async pass(
    value: unknown,
    what: string,
    judge: (guard: Guardrail, value: unknown) => Said,
    refused: (guard: Guardrail, reason: string) => PlatformError,
    {
      ask,
      isPast = () => this.execution.visits.isBehind,
    }: { readonly ask?: (said: Verdict) => void; readonly isPast?: () => boolean } = {},
  ): Promise<unknown> {
    let current = value;
    for (const guard of this.guardrails) {
      const said = judge(guard, current);
      // Without a turn of its own where it needs none: what it says stands in the log before what comes next.
      const verdict = toVerdict(guard, isThenable(said) ? await said : said, ask !== undefined);
      const held = verdictOf(this.execution, `${what} ${guard.name}`, () => verdict, isPast());
      if (held === null) continue;
      if (held.choice === "refuse") throw refused(guard, held.reasons.join("; "));
      if (held.choice === "ask") ask?.(held);
      else current = held.value;
    }
    return current;
  }
}

const refusedInput = ({ name }: Guardrail, reason: string): PlatformError =>
  new RejectedError(`guardrail ${name} refuses the input: ${reason}`, { details: { guardrail: name } });
const refusedOutput = ({ name }: Guardrail, reason: string): PlatformError =>
  new PlatformError("OUTPUT_REFUSED", `guardrail ${name} refuses the output: ${reason}`, {
    details: { guardrail: name },
  });
const refusedTool = ({ name }: Guardrail, { name: tool }: Tool, reason: string): PlatformError =>
  new PlatformError("PERMISSION_DENIED", `guardrail ${name} refuses tool ${tool}: ${reason}`, {
    details: { guardrail: name, tool },
  });

const toVerdict = ({ name }: Guardrail, said: unknown, mayAsk: boolean): Verdict | null => {
  if (said === undefined || said === null) return null;
  const { pass, change, reason, refuse, ask, approvers } = said as Partial<Change & Refuse & Ask> & {
    readonly pass?: unknown;
  };
  if (pass === true) return null;
  if (typeof refuse === "string") return { choice: "refuse", reasons: [`${name}: ${refuse}`] };
  if (typeof ask === "string" && mayAsk)
    return {
      choice: "ask",
      reasons: [`${name}: ${ask}`],
      ...(approvers === undefined ? {} : { value: { approvers } }),
    };
  if (typeof said === "object" && "change" in said && typeof reason === "string")
    return { choice: "change", reasons: [`${name}: ${reason}`], value: change ?? null };
  throw new PlatformError(
    "INVALID_ARGUMENT",
    `guardrail ${name}: expected nothing, { pass: true }, { change, reason }${mayAsk ? ", { ask }" : ""} or { refuse }`,
  );
};

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
