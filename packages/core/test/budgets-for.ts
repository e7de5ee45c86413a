/** Budgets of one budget, over the store of a world that is made with them. */
import type { BudgetSpec } from "@agentcore/contract";
import { Budgets } from "../src/governance/index.ts";
import { createSequentialIds } from "../src/testing/index.ts";
import type { EngineWorld } from "./engine-world.ts";

export const budgetsFor = (spec: BudgetSpec, world: () => EngineWorld): Budgets => {
  const ids = createSequentialIds("try");
  const of = (): Budgets =>
    new Budgets({
      declared: () => [{ name: "desk", declaredBy: "tenant", spec }],
      ...{ store: world().store, keyValue: world().keyValue, clock: world().clock, ids },
    });
  return {
    reserve: (request: Parameters<Budgets["reserve"]>[0]) => of().reserve(request),
    settlement: (...settled: Parameters<Budgets["settlement"]>) => of().settlement(...settled),
    grant: (...granted: Parameters<Budgets["grant"]>) => of().grant(...granted),
  } as Budgets;
};
