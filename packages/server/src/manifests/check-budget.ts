/** What of a Budget manifest depends on who applies it, and on its members together. */
import { type BudgetManifest, type FieldViolation, invalidArgument, PlatformError } from "@agentcore/contract";
import { DEFAULT_TENANT } from "../gateway/deps/tenants.ts";

/** Throws INVALID_ARGUMENT, PERMISSION_DENIED. */
export const checkBudget = (tenantId: string, { metadata, spec }: BudgetManifest): void => {
  const { scope, limit, onExceeded } = spec;
  if ("tenant" in scope && scope.tenant !== "*" && scope.tenant !== tenantId && tenantId !== DEFAULT_TENANT)
    throw new PlatformError(
      "PERMISSION_DENIED",
      `budget ${metadata.name}: budgets of other tenants are set by operators of the tenant "${DEFAULT_TENANT}" only; use { tenant: "*" } for the own`,
    );
  const violations: FieldViolation[] = [];
  if (typeof onExceeded === "object" && "ask" in onExceeded) {
    // A yes that raises nothing would ask again, and again.
    for (const measure of ["usd", "tokens"] as const)
      if (limit[measure] !== undefined && !((onExceeded.ask.raise[measure] ?? 0) > 0))
        violations.push({
          field: `spec.onExceeded.ask.raise.${measure}`,
          description: `expected how much a yes adds to limit.${measure}, above 0`,
        });
  }
  if (violations.length > 0) throw invalidArgument(`budget "${metadata.name}"`, violations);
};
