/** The gateway in tests: budgets and limits on stores in memory, targets that are servers or answered by a function. */
import { type BudgetSpec, ModelSpec } from "@agentcore/contract";
import { ModelCache } from "@agentcore/core/caching";
import { Budgets, type DeclaredBudget, RateLimiter } from "@agentcore/core/governance";
import { createMemoryKeyValue, createMemoryTaskStore, createMemoryVectorIndex } from "@agentcore/core/inprocess";
import type { ModelCall } from "@agentcore/core/ports";
import { createFnvDigest, createRecordingLogger, createSequentialIds, ManualClock } from "@agentcore/core/testing";
import type { Lookup } from "@agentcore/outbound";
import { createTargetCaller, type TargetCaller } from "../call/create-target-caller.ts";
import type { Environment } from "../environment.ts";
import { createModelGateway } from "../gateway/create-model-gateway.ts";
import { createTargetGuard } from "../gateway/target-guard.ts";
import { PRICE_TABLE } from "../prices/price-table.ts";

export interface WorldOptions {
  /** Specs of Model manifests by name, as they are written. */
  readonly models?: Readonly<Record<string, unknown>>;
  readonly budgets?: readonly { readonly name: string; readonly spec: BudgetSpec }[];
  readonly env?: Environment;
  readonly allowPrivate?: boolean | undefined;
  readonly lookup?: Lookup;
  /** In place of providers. */
  readonly caller?: TargetCaller;
}

export const TENANT = "acme";
export const CALL: ModelCall = {
  ...{ tenantId: TENANT, id: "call", agent: "desk", labels: {}, caller: "ann", priority: "normal" },
  task: { id: "t1", runId: "t1" },
  signal: new AbortController().signal,
};
export const HI = { model: "desk", messages: [{ role: "user" as const, content: "hi" }] };

export const createGatewayWorld = ({ models = {}, budgets = [], env = {}, ...options }: WorldOptions) => {
  const clock = new ManualClock();
  const logger = createRecordingLogger();
  const store = createMemoryTaskStore({ clock });
  const keyValue = createMemoryKeyValue({ clock });
  const declared = budgets.map(({ name, spec }): DeclaredBudget => ({ name, spec, declaredBy: "tenant" }));
  const ids = createSequentialIds("id");
  /** `tenant/name` of each lookup. */
  const asked: string[] = [];
  const spending = new Budgets({ store, keyValue, clock, ids, declared: () => declared });
  const gateway = createModelGateway({
    lookup: async (tenantId, name) => {
      asked.push(`${tenantId}/${name}`);
      const spec = models[name];
      return spec === undefined ? null : ModelSpec.parse(spec);
    },
    names: async () => Object.keys(models),
    ...{ env, clock, logger, budgets: spending, prices: PRICE_TABLE },
    limiter: new RateLimiter({ keyValue, clock }),
    ids,
    cache: new ModelCache({
      ...{ keyValue, clock, logger, digest: createFnvDigest() },
      vectorIndex: createMemoryVectorIndex(),
    }),
    guard: createTargetGuard({
      ...{ clock, env, allowPrivate: options.allowPrivate, lookup: options.lookup },
      random: () => 0,
    }),
    caller: options.caller ?? createTargetCaller({ env, allowPrivate: options.allowPrivate, lookup: options.lookup }),
  });
  return { gateway, clock, store, keyValue, logger, spending, asked };
};
