/** What of a Tenant manifest its schema cannot say: who may declare it, and which names tenants may have. */
import { invalidArgument, type TenantManifest } from "@agentcore/contract";
import { refuseTenantName } from "../gateway/http/tenant-name.ts";
import { assertMayDeclareTenants } from "./tenant-policies.ts";

/** Throws PERMISSION_DENIED, INVALID_ARGUMENT. */
export const checkTenant = (tenantId: string, { metadata }: TenantManifest): void => {
  assertMayDeclareTenants(tenantId);
  const refused = refuseTenantName(metadata.name);
  if (refused !== undefined)
    throw invalidArgument(`tenant "${metadata.name}"`, [{ field: "metadata.name", description: refused }]);
};
