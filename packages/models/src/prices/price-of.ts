import type { ModelPrice } from "@agentcore/contract";
import type { ModelTarget } from "../model-target.ts";
import type { LongInputPrice, ModelFacts, PriceTable } from "./price-table.ts";

/** US dollars for a million tokens, by how long the input is. */
export interface TargetPrice extends ModelPrice {
  readonly longInput?: LongInputPrice | undefined;
}

type PricedTarget = Pick<ModelTarget, "provider" | "model" | "price">;

/** `-2025-08-07` of OpenAI, `-20250929` of Anthropic: the same model on the day that it was frozen. */
const DATE = /-(\d{4}-\d{2}-\d{2}|\d{8})$/;
/** Of Bedrock: `us.anthropic.claude-haiku-4-5-20251001-v1:0`. */
const REGION = /^(us|eu|jp|apac|au|ca)\./;
const VERSION = /-v\d+(:\d+)?$/;

/** What is known of a target's model: what its vendor says of it, by its name or the name without date. Undefined: nothing. */
export const factsOf = (
  { provider, model }: Pick<ModelTarget, "provider" | "model">,
  table: PriceTable,
): ModelFacts | undefined => {
  const models = table.get(provider);
  const plain = provider === "bedrock" ? model.replace(REGION, "").replace(VERSION, "") : model;
  return models?.get(model) ?? models?.get(plain) ?? models?.get(plain.replace(DATE, ""));
};

/** What the target's manifest says, else the table. Undefined: nobody knows, and no budget of money can hold a call of it. */
export const priceOf = (target: PricedTarget, table: PriceTable): TargetPrice | undefined => {
  if (target.price !== undefined) return target.price;
  const { price, longInput } = factsOf(target, table) ?? {};
  if (price === undefined) return undefined;
  return longInput === undefined ? price : { ...price, longInput };
};
