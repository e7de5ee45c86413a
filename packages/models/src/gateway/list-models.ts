import { findPackageJSON } from "node:module";
import { MODEL_PROVIDERS, type ModelSpec } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { Environment } from "../environment.ts";
import type { ListedModel } from "../model-gateway.ts";
import type { ModelTarget } from "../model-target.ts";
import { targetsOf } from "../names/targets-of.ts";
import { factsOf, priceOf } from "../prices/price-of.ts";
import type { PriceTable } from "../prices/price-table.ts";
import { PROVIDERS } from "../providers/providers.ts";

export interface ListParts {
  readonly tenantId: string;
  readonly names: (tenantId: string) => Promise<readonly string[]>;
  readonly lookup: (tenantId: string, name: string) => Promise<ModelSpec | null>;
  readonly env: Environment;
  readonly prices: PriceTable;
  readonly stateOf: (target: ModelTarget) => { readonly problem?: string | undefined };
}

/** Manifests by name, then providers that the environment has what it takes for. */
export const listModels = async (parts: ListParts): Promise<readonly ListedModel[]> => {
  const { tenantId, names, lookup, env } = parts;
  const listed: ListedModel[] = [];
  for (const name of [...(await names(tenantId))].sort()) {
    const spec = await lookup(tenantId, name);
    if (spec !== null) listed.push(ofManifest(name, spec, parts));
  }
  for (const provider of MODEL_PROVIDERS) {
    // Any name will do: it is the key and the address that decide.
    if (troubleOf(() => targetsOf(`${provider}/model`, null, env)) !== null) continue;
    const { models, package: needed } = PROVIDERS[provider];
    if (models === undefined)
      listed.push({ name: `${provider}/…`, declaredBy: "environment", provider, trouble: null });
    else if (isInstalled(needed))
      for (const model of models) {
        const price = priceOf({ provider, model }, parts.prices);
        listed.push({ name: `${provider}/${model}`, declaredBy: "environment", provider, model, price, trouble: null });
      }
  }
  return listed;
};

/** Without loading it. */
const isInstalled = (name: string): boolean => findPackageJSON(name, import.meta.url) !== undefined;

const ofManifest = (name: string, spec: ModelSpec, { env, prices, stateOf }: ListParts): ListedModel => {
  const { candidates, fallback } = spec;
  const chain = {
    ...(candidates === undefined ? {} : { candidates: candidates.map(({ model }) => model) }),
    ...(fallback === undefined ? {} : { fallback }),
  };
  if (candidates !== undefined) return { name, declaredBy: "manifest", ...chain, trouble: null };
  let targets: readonly ModelTarget[] = [];
  const trouble = troubleOf(() => {
    targets = targetsOf(name, spec, env);
  });
  const [target] = targets;
  if (target === undefined) return { name, declaredBy: "manifest", ...chain, trouble };
  const known = factsOf(target, prices);
  const problems = targets.map((each) => stateOf(each).problem);
  return {
    ...{ name, declaredBy: "manifest", provider: target.provider, model: target.model, ...chain },
    price: priceOf(target, prices),
    contextWindow: target.contextWindow ?? known?.contextWindow,
    maxOutputTokens: target.maxOutputTokens ?? known?.maxOutputTokens,
    trouble: problems.every((problem) => problem !== undefined) ? (problems[0] ?? null) : null,
  };
};

const troubleOf = (work: () => unknown): string | null => {
  try {
    work();
    return null;
  } catch (error) {
    return PlatformError.from(error).message;
  }
};
