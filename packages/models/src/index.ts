export {
  type ChoiceFacts,
  chooseTargets,
  type ModelChoice,
  noModelLeft,
  type TargetState,
} from "./choice/choose-targets.ts";
export { type Conditions, choiceViolations, ModelConditions, type RequestFacts } from "./choice/model-conditions.ts";
export { type ChainModel, type NamedModel, resolveChain } from "./choice/resolve-chain.ts";
export { createModelProvider, type ModelProviderOptions } from "./create-model-provider.ts";
export { callPolicy, checkBaseUrl, type ModelEndpoint } from "./model-endpoint.ts";
export type { Embeddings, EmbedRequest, ListedModel, ModelGateway } from "./model-gateway.ts";
export { costNanoUsd, worstCaseNanoUsd } from "./prices/cost-nano-usd.ts";
export { parsePriceTable } from "./prices/parse-price-table.ts";
export { factsOf, priceOf, type TargetPrice } from "./prices/price-of.ts";
export { type LongInputPrice, type ModelFacts, PRICE_TABLE, type PriceTable } from "./prices/price-table.ts";
