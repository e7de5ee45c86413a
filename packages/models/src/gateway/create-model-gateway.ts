/**
 * Where all model calls of a node pass:
 *
 *   name → cache (keep-answers.ts) → chain, choice, passes over targets (answer-call.ts) → answer
 */
import type { ModelRequest } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type { ModelAnswer, ModelCall } from "@agentcore/core/ports";
import { ModelConditions } from "../choice/model-conditions.ts";
import type { Environment } from "../environment.ts";
import type { ModelGateway } from "../model-gateway.ts";
import { KnownModels } from "../names/known-models.ts";
import { priceOf } from "../prices/price-of.ts";
import { askChat } from "./ask-chat.ts";
import { settleAnswered } from "./ask-in-turn.ts";
import { askVectors } from "./ask-vectors.ts";
import { BudgetLines } from "./budget-lines.ts";
import { answerKept, type KeepParts, keepingOf } from "./keep-answers.ts";
import { LimitWaits } from "./limit-waits.ts";
import { listModels } from "./list-models.ts";

export interface ModelGatewayOptions extends Omit<KeepParts, "models" | "conditions" | "waits" | "lines" | "keeping"> {
  /** Names of the tenant's Model manifests. */
  readonly names: (tenantId: string) => Promise<readonly string[]>;
  readonly env: Environment;
}

export const createModelGateway = (options: ModelGatewayOptions): ModelGateway => {
  const { lookup, names, env, cache, budgets, guard, prices, clock } = options;
  const parts: KeepParts = {
    ...options,
    models: new KnownModels(env),
    conditions: new ModelConditions(),
    waits: new LimitWaits(),
    lines: new BudgetLines(clock),
    keeping: new WeakMap(),
  };
  return {
    generate: (asked, call) => generate(parts, asked, call),
    embed: (request, call) => askVectors(parts, request, call),
    settled(tenantId, settlements) {
      for (const settlement of settlements) parts.lines.freed(tenantId, settlement);
    },
    grant: (tenantId, grant, id) => budgets.grant(tenantId, grant, id),
    list: (tenantId) =>
      listModels({ ...{ tenantId, names, lookup, env, prices }, stateOf: (target) => guard.stateOf(tenantId, target) }),
    isFree: (tenantId, name) => isFree(parts, tenantId, name),
    cache,
    async close() {
      guard.close();
      await cache.close();
    },
  };
};

const generate = async (
  parts: KeepParts,
  { model: name, ...request }: ModelRequest & { readonly model: string },
  call: ModelCall,
): Promise<ModelAnswer> => {
  assertBound(request.maxOutputTokens);
  const spec = await parts.lookup(call.tenantId, name);
  const keeping = keepingOf(parts, name, spec);
  const { response, decision, settlement } =
    keeping === null
      ? await askChat(parts, { name, spec }, request, call)
      : await answerKept(parts, keeping, request, call);
  // Whoever has a log settles with it.
  if (call.task === undefined) await settleAnswered(parts, call, name, settlement);
  return {
    response,
    ...(decision === undefined ? {} : { decision }),
    ...(call.task === undefined ? {} : { settlement }),
  };
};

const isFree = async ({ models, lookup, prices }: KeepParts, tenantId: string, name: string): Promise<boolean> => {
  try {
    const { targets } = models.of(name, await lookup(tenantId, name));
    return targets.length > 0 && targets.every((target) => isFreeOfCharge(priceOf(target, prices)));
  } catch (error) {
    if (PlatformError.is(error) && error.code === "MODEL_NOT_CONFIGURED") return false;
    throw error;
  }
};

const isFreeOfCharge = (price: ReturnType<typeof priceOf>): boolean =>
  price !== undefined && [price, price.longInput].every((part) => part === undefined || part.input + part.output === 0);

/** What is reserved goes by it, and some servers take a bound that is none for no bound at all. */
const assertBound = (most: number | undefined): void => {
  if (most === undefined || (Number.isSafeInteger(most) && most > 0)) return;
  const description = "expected a whole number of tokens, 1 or more";
  throw new PlatformError(
    "INVALID_ARGUMENT",
    `the model's request: maxOutputTokens: ${description}, got ${String(most)}`,
    {
      violations: [{ field: "maxOutputTokens", description }],
    },
  );
};
