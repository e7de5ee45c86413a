import { MODEL_PROVIDERS } from "@agentcore/contract";
import type { ModelResponse, ModelUsage } from "@agentcore/contract/authoring";
import { usdOf } from "@agentcore/core/governance";
import { failedUsageOf } from "../call/failed-usage.ts";
import type { ModelObserver, ObservedCall } from "../model-observer.ts";
import type { ModelTarget } from "../model-target.ts";
import { costNanoUsd } from "../prices/cost-nano-usd.ts";
import { priceOf } from "../prices/price-of.ts";
import type { PriceTable } from "../prices/price-table.ts";
import { PROVIDERS } from "../providers/providers.ts";
import type { Performed } from "./ask-in-turn.ts";

interface ObserverParts {
  readonly observer?: ModelObserver | undefined;
  readonly prices: PriceTable;
}

type TargetFacts = Pick<ObservedCall, "operation" | "call" | "request" | "isStreamed"> & {
  readonly target: ModelTarget;
};

/** Asks a target, and tells the observer of it. `responseOf`: what was answered, of a chat. */
export const observeTarget = async <Result>(
  { observer, prices }: ObserverParts,
  { target, ...facts }: TargetFacts,
  perform: () => Promise<Performed<Result>>,
  responseOf: (result: Result) => ModelResponse | undefined,
): Promise<Performed<Result>> => {
  if (observer === undefined) return perform();
  const { name, provider, model, settings = {}, baseUrl = PROVIDERS[provider].ownBaseUrl(settings) } = target;
  const price = priceOf(target, prices);
  const costUsdOf = (usage: ModelUsage | undefined): number | undefined =>
    price === undefined || usage === undefined ? undefined : usdOf(costNanoUsd(usage, price));
  const end = observer.begin({ ...facts, name, provider, model, baseUrl });
  try {
    const performed = await perform();
    const { result, usage, firstTokenMs } = performed;
    end({ response: responseOf(result), usage, costUsd: costUsdOf(usage), firstTokenMs });
    return performed;
  } catch (error) {
    const usage = failedUsageOf(error)?.usage;
    end({ error, usage, costUsd: costUsdOf(usage) });
    throw error;
  }
};

/** Tells the observer of an answer of the cache. Nobody was asked, so it takes no time, and nothing is told of one that does not say who gave it. */
export const observeKept = (
  observer: ModelObserver | undefined,
  facts: Pick<ObservedCall, "name" | "call" | "request">,
  response: ModelResponse,
): void => {
  const named = response.model ?? "";
  const provider = MODEL_PROVIDERS.find((one) => named.startsWith(`${one}/`));
  if (observer === undefined || provider === undefined) return;
  const model = named.slice(provider.length + 1);
  observer.begin({ ...facts, operation: "chat", provider, model, isStreamed: false })({ response });
};
