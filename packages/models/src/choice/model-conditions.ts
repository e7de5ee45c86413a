/** Conditions of candidates, in CEL over `request`. CEL is loaded when the first of them is there. */
import type { FieldViolation, ModelSpec, Priority } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { CompiledExpression } from "@agentcore/core/expressions";
import { type ChainModel, isAlone } from "./resolve-chain.ts";

/** What conditions are asked about, and what a choice goes by. */
export interface RequestFacts {
  /** As far as it can be told before: estimated from the text. */
  readonly inputTokens: number;
  /** At most asked for; absent where nobody said. */
  readonly maxOutputTokens?: number | undefined;
  /** How many may be called. */
  readonly tools: number;
  /** Whether the answer is to be JSON. */
  readonly json: boolean;
  /** "" when no agent asks. */
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: Priority;
  readonly caller: string;
}

const MEMBERS = [
  ...(["inputTokens", "maxOutputTokens", "tools", "json", "agent", "labels", "priority", "caller"] as const),
] as const satisfies readonly (keyof RequestFacts)[];

/** True where it holds. Throws EXPRESSION_FAILED. */
export type Condition = (request: RequestFacts) => boolean;
export type Conditions = ReadonlyMap<string, Condition>;

const NONE: Conditions = new Map();

// As many as a thousand models have; asked for again, others are compiled again.
const MAX_KEPT = 5_000;

export class ModelConditions {
  readonly #kept = new Map<string, Condition>();

  /** Of all candidates of the chain. Throws INVALID_ARGUMENT for what no manifest could have been applied with. */
  async of(chain: ChainModel): Promise<Conditions> {
    if (isAlone(chain)) return NONE;
    const conditions = new Map<string, Condition>();
    const visit = async ({ candidates, fallback }: ChainModel): Promise<void> => {
      for (const { model, when } of candidates) {
        if (when !== undefined) conditions.set(when, await this.#compiled(when));
        await visit(model);
      }
      for (const model of fallback) await visit(model);
    };
    await visit(chain);
    return conditions;
  }

  async #compiled(when: string): Promise<Condition> {
    const known = this.#kept.get(when);
    if (known !== undefined) return known;
    const { evaluate } = await compile(when);
    const made: Condition = (request) => evaluate({ request }) === true;
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(when, made);
    return made;
  }
}

/** Throws INVALID_ARGUMENT. */
const compile = async (when: string): Promise<CompiledExpression> => {
  const { compileExpression } = await import("@agentcore/core/expressions");
  const compiled = compileExpression(when);
  const refuse = (problem: string): PlatformError => new PlatformError("INVALID_ARGUMENT", problem);
  if (compiled.type !== undefined && compiled.type !== "boolean")
    throw refuse(`expected true or false, it gives ${compiled.type}`);
  for (const { path } of compiled.references) {
    const [root, member] = path;
    if (root !== "request") throw refuse(`${String(root)}: a condition knows \`request\` only`);
    if (member !== undefined && !MEMBERS.some((known) => known === member))
      throw refuse(`request.${String(member)}: there are ${MEMBERS.join(", ")}`);
  }
  return compiled;
};

/** What is wrong with how a Model manifest of that name chooses, by its members below `spec`. */
export const choiceViolations = async (
  name: string,
  { candidates = [], fallback = [] }: Pick<ModelSpec, "candidates" | "fallback">,
): Promise<readonly FieldViolation[]> => {
  const violations: FieldViolation[] = [];
  for (const [index, { model, when }] of candidates.entries()) {
    const field = `spec.candidates.${index}`;
    if (model === name) violations.push({ field: `${field}.model`, description: "a model cannot choose itself" });
    if (when === undefined) continue;
    try {
      await compile(when);
    } catch (error) {
      violations.push({ field: `${field}.when`, description: PlatformError.from(error).message });
    }
  }
  for (const [index, model] of fallback.entries())
    if (model === name)
      violations.push({ field: `spec.fallback.${index}`, description: "a model cannot fall back to itself" });
  return violations;
};
