/** The `tenant` of a request: `TENANT/AGENT` where nothing else names the agent, which is over gRPC. */
import { invalidArgument, PlatformError } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";
import type { AgentDescription } from "../deps/agents.ts";

export interface TenantAddress {
  /** "" for the caller's own. */
  readonly tenantId: string;
  /** Null when none is named. */
  readonly agent: string | null;
}

/** `field` is what a refusal names. Throws INVALID_ARGUMENT. */
export const parseTenantAddress = (text: string, field = "tenant"): TenantAddress => {
  const [tenantId = "", agent = "", ...more] = text.split("/");
  if (more.length > 0)
    throw invalidArgument("the request", [{ field, description: "expected TENANT/AGENT or TENANT" }]);
  return { tenantId, agent: agent === "" ? null : agent };
};

/** A key belongs to one tenant; naming another one is refused before anything is looked up (I7). */
export const assertTenant = (scope: CallerScope, tenantId: string): void => {
  if (tenantId === "" || tenantId === scope.tenantId) return;
  throw new PlatformError("PERMISSION_DENIED", "the credential does not belong to that tenant");
};

/** What a request says besides must be who it was sent to. Throws PERMISSION_DENIED, INVALID_ARGUMENT. */
export const assertAddressed = (
  { scope, agent }: { readonly scope: CallerScope; readonly agent: AgentDescription },
  text: string | undefined,
  field: string,
): void => {
  if (text === undefined) return;
  const address = parseTenantAddress(text, field);
  assertTenant(scope, address.tenantId);
  if (address.agent !== null && address.agent !== agent.name)
    throw invalidArgument("the request", [{ field, description: `it was sent to agent "${agent.name}"` }]);
};
