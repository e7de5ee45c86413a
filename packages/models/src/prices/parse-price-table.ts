/** A node's own table of prices, for all its tenants: goes before the built-in one, model by model. */
import { MODEL_PROVIDERS, ModelPrice, type ModelProviderName, PlatformError, parseInput } from "@agentcore/contract";
import { z } from "zod";
import { type ModelFacts, PRICE_TABLE, type PriceTable } from "./price-table.ts";

const MAX_BYTES = 4 * 1024 * 1024;

const Tokens = z.int().min(1).max(100_000_000);

const File = z.strictObject({
  /** The day that all of it was looked up. */
  asOf: z.iso.date(),
  /** By provider, then by the model's name there. */
  models: z.partialRecord(
    z.enum(MODEL_PROVIDERS),
    z.record(
      z.string().min(1).max(256),
      z.strictObject({
        price: ModelPrice,
        longInput: ModelPrice.extend({ above: Tokens }).optional(),
        contextWindow: Tokens.optional(),
        maxOutputTokens: Tokens.optional(),
      }),
    ),
  ),
});

/**
 * The built-in table with what `text`, JSON, says in its place. Throws CONFIG_INVALID that names `what`, the place in it and what was expected there.
 */
export const parsePriceTable = (text: string, what: string): PriceTable => {
  const refuse = (problem: string, cause?: unknown): PlatformError =>
    new PlatformError("CONFIG_INVALID", `${what}: ${problem}`, { cause });
  if (text.length > MAX_BYTES) throw refuse(`it has ${text.length} characters, at most ${MAX_BYTES} are read`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw refuse(`expected JSON: ${(cause as Error).message}`, cause);
  }
  let file: z.infer<typeof File>;
  try {
    file = parseInput(File, json, what);
  } catch (cause) {
    const { violations, message } = PlatformError.from(cause);
    throw refuse(violations?.map(({ field, description }) => `${field}: ${description}`).join("; ") ?? message, cause);
  }
  const table = new Map<ModelProviderName, ReadonlyMap<string, ModelFacts>>(PRICE_TABLE);
  for (const provider of MODEL_PROVIDERS) {
    const models = Object.entries(file.models[provider] ?? {});
    if (models.length === 0) continue;
    const facts = models.map(([name, known]): [string, ModelFacts] => [name, { ...known, asOf: file.asOf }]);
    table.set(provider, new Map([...(table.get(provider) ?? []), ...facts]));
  }
  return table;
};
