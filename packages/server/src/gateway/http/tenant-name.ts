import { NAME_PATTERN } from "@agentcore/contract";
import { SYSTEM_TENANT } from "../deps/tenants.ts";

/** Why nobody's key may name such a tenant, or undefined. */
export const refuseTenantName = (name: string): string | undefined =>
  // Two hyphens in a row would let two tenants share a prefix of variables (manifests/check-model.ts).
  NAME_PATTERN.test(name) && !name.includes("--") && name !== SYSTEM_TENANT
    ? undefined
    : `expected lower-case letters, digits and single hyphens, at most 63, and not "${SYSTEM_TENANT}"`;
