/** Which models a name leads to: those it chooses among, those it falls back to, and theirs. */
import type { ModelSpec } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { ModelTarget } from "../model-target.ts";

type Choosing = Pick<ModelSpec, "candidates" | "choose" | "weights" | "fallback">;

/** What stands behind one name. */
export interface NamedModel extends Choosing {
  /** Where it can be asked: none of a choice among candidates, else one or more. */
  readonly targets: readonly ModelTarget[];
}

export interface ChainModel {
  readonly name: string;
  readonly targets: readonly ModelTarget[];
  readonly candidates: readonly { readonly model: ChainModel; readonly when?: string | undefined }[];
  readonly choose: NonNullable<Choosing["choose"]>;
  readonly weights: Choosing["weights"];
  readonly fallback: readonly ChainModel[];
  /** Why it cannot be asked at all. */
  readonly problem?: string | undefined;
}

// Three or four are the most that anybody can still follow in the reasons.
const MAX_DEPTH = 8;
// Counted as often as they stand in the chain.
const MAX_MODELS = 100;

/** Whether nobody else may answer. */
export const isAlone = ({
  candidates = [],
  fallback = [],
}: {
  readonly candidates?: readonly unknown[] | undefined;
  readonly fallback?: readonly unknown[] | undefined;
}): boolean => candidates.length === 0 && fallback.length === 0;

/**
 * `lookup` throws MODEL_NOT_CONFIGURED for names that lead nowhere: of a candidate or a fallback that is a reason not to ask it. Throws what `lookup`
 * throws of `name` itself, and MODEL_NOT_CONFIGURED for a candidate that leads back to a name before it, for chains over 8 deep, or of over 100 models.
 * A fallback that leads back is left out: whoever is there has been asked.
 */
export const resolveChain = async (
  name: string,
  lookup: (name: string) => Promise<NamedModel>,
): Promise<ChainModel> => {
  const first = await lookup(name);
  if (isAlone(first)) return { ...EMPTY, name, targets: first.targets };
  const found = new Map([[name, Promise.resolve(first)]]);
  let count = 0;

  const visit = async (at: string, before: readonly string[]): Promise<ChainModel> => {
    const path = [...before, at];
    const refuse = (problem: string): PlatformError =>
      new PlatformError("MODEL_NOT_CONFIGURED", `model "${name}" ${problem}: ${path.join(" → ")}`);
    if (before.includes(at)) throw refuse("chooses among models that lead back to one before");
    if (path.length > MAX_DEPTH) throw refuse(`leads over more than ${MAX_DEPTH} models in a row`);
    count += 1;
    if (count > MAX_MODELS) throw refuse(`leads to more than ${MAX_MODELS} models`);
    const pending = found.get(at) ?? lookup(at);
    found.set(at, pending);
    let model: NamedModel;
    try {
      model = await pending;
    } catch (error) {
      if (!PlatformError.is(error) || error.code !== "MODEL_NOT_CONFIGURED") throw error;
      return { ...EMPTY, name: at, problem: error.message };
    }
    const candidates: ChainModel["candidates"][number][] = [];
    for (const { model: next, when } of model.candidates ?? [])
      candidates.push({ model: await visit(next, path), when });
    const fallback: ChainModel[] = [];
    for (const next of model.fallback ?? []) if (!path.includes(next)) fallback.push(await visit(next, path));
    return {
      ...{ name: at, targets: model.targets, candidates, fallback },
      ...{ choose: model.choose ?? "first", weights: model.weights },
    };
  };
  return visit(name, []);
};

const EMPTY = { targets: [], candidates: [], choose: "first", weights: undefined, fallback: [] } as const;
