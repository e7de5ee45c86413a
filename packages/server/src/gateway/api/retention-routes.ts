import { DurationText, PlatformError, parseDuration } from "@agentcore/contract";
import type { Collected } from "@agentcore/core/retention";
import type { CallerScope } from "@agentcore/core/tasks";
import { z } from "zod";
import type { RetentionService } from "../deps/retention-service.ts";
import { DEFAULT_TENANT } from "../deps/tenants.ts";
import { jsonResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

const CollectBody = z
  .strictObject({
    /** @default the caller's own; others need an operator of the tenant `default` */
    tenant: z.string().min(1).max(256).optional(),
    /** All that have a policy, or usage of models; for operators of the tenant `default`. @default false */
    allTenants: z.boolean().optional(),
    /** Removes tasks that ended longer ago than this, whatever the policy says, and nothing else. */
    olderThan: DurationText.optional(),
    /** Only tell. @default false */
    dryRun: z.boolean().optional(),
  })
  .refine(
    ({ tenant, allTenants, olderThan }) => allTenants !== true || (tenant === undefined && olderThan === undefined),
    {
      error: "goes by each tenant's own policy: neither tenant nor olderThan may stand beside it",
      path: ["allTenants"],
    },
  );

const count = z.int().nonnegative();
const CollectedResource = z.object({
  tenantId: z.string(),
  removedTasks: count,
  removedEvents: count,
  removedBytes: count,
  compactedTasks: count,
  compactedEvents: count,
  /** Sums of usage, and counters of budgets. */
  removedSums: count,
  failedTasks: count,
  /** A call does a bounded part: ask again for the rest. */
  isMore: z.boolean(),
  /** What broke the call off for this tenant; null: nothing did. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export const createRetentionRoutes = (retention: RetentionService): readonly ApiRoute[] => [
  apiRoute({
    method: "POST",
    path: "/api/v1/gc",
    operationId: "collectGarbage",
    summary: "Remove and compact what the policy of a tenant lets go; with dryRun only tell",
    tag: "node",
    access: "operator",
    body: CollectBody,
    bodyOptional: true,
    answer: {
      status: 200,
      schema: z.object({ dryRun: z.boolean(), tenants: z.array(CollectedResource) }),
      description: "What went, or would go, by tenant",
    },
    async handle({ request: { signal }, scope, body: { tenant, allTenants = false, olderThan, dryRun = false } }) {
      const olderThanMs = olderThan === undefined ? undefined : (parseDuration(olderThan) ?? undefined);
      if (allTenants || (tenant !== undefined && tenant !== scope.tenantId)) assertSpeaksForAll(scope);
      const tenantIds = allTenants ? await retention.tenants() : [tenant ?? scope.tenantId];
      const tenants: z.infer<typeof CollectedResource>[] = [];
      for (const tenantId of [...tenantIds].sort())
        tenants.push(resourceOf(await retention.collect({ tenantId, olderThanMs, dryRun, signal })));
      return jsonResponse({ dryRun, tenants });
    },
  }),
];

const resourceOf = ({ error, ...collected }: Collected): z.infer<typeof CollectedResource> => ({
  ...collected,
  error: error === null ? null : { code: error.code, message: error.message },
});

const assertSpeaksForAll = ({ tenantId }: CallerScope): void => {
  if (tenantId === DEFAULT_TENANT) return;
  throw new PlatformError("PERMISSION_DENIED", `other tenants are for operators of the tenant "${DEFAULT_TENANT}"`);
};
