/** What waits for events say about which they are for. CEL is loaded when the first of them says anything. */
import { invalidArgument, PlatformError } from "@agentcore/contract";
import type { CompiledExpression } from "../expressions/index.ts";
import type { EventInput } from "./task-router.ts";

export interface EventCondition {
  readonly where?: string | undefined;
  readonly with?: Readonly<Record<string, unknown>> | undefined;
}

// A workflow's waits share theirs: what differs between its runs is in `with`.
const MAX_KEPT = 1_000;

export class EventConditions {
  private readonly kept = new Map<string, CompiledExpression>();
  private loading = 0;

  /** CEL is on its way. */
  get isLoading(): boolean {
    return this.loading > 0;
  }

  /** Throws INVALID_ARGUMENT for what is no condition, or reads what is not there. */
  async check({ where, with: bindings = {} }: EventCondition): Promise<void> {
    if (where === undefined) return;
    const refuse = (description: string): PlatformError =>
      invalidArgument("the options of ctx.waitForEvent", [{ field: "where", description }]);
    const { references, type } = await this.compiled(where).catch((error: unknown) => {
      throw refuse(PlatformError.from(error).message);
    });
    if (type !== undefined && type !== "boolean") throw refuse(`expected true or false, it gives ${type}`);
    const known = new Set(["event", "with", ...Object.keys(bindings)]);
    for (const { path } of references) {
      const [root] = path;
      if (!known.has(String(root))) throw refuse(`${String(root)}: there are event and with, and what \`with\` has`);
    }
  }

  /** Throws EXPRESSION_FAILED for an event that it cannot be asked of. */
  async holds({ where, with: bindings }: EventCondition, event: EventInput): Promise<boolean> {
    if (where === undefined) return true;
    return (await this.compiled(where)).evaluate({ ...bindings, with: bindings ?? {}, event }) === true;
  }

  private async compiled(where: string): Promise<CompiledExpression> {
    const known = this.kept.get(where);
    if (known !== undefined) return known;
    this.loading += 1;
    try {
      const { compileExpression } = await import("../expressions/index.ts");
      const made = compileExpression(where);
      const [oldest] = this.kept.keys();
      if (this.kept.size >= MAX_KEPT && oldest !== undefined) this.kept.delete(oldest);
      this.kept.set(where, made);
      return made;
    } finally {
      this.loading -= 1;
    }
  }
}
