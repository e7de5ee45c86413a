import type { FieldViolation } from "@agentcore/contract";
import { DEFAULT_TENANT } from "../gateway/deps/tenants.ts";

/**
 * The environment is the node's, and whoever applies a manifest chooses where a variable's value is sent: a tenant gets at what
 * is named after it only (I7), and nobody at the platform's own keys, but for those in `ownAllowed`.
 */
export const checkVariables = (
  tenantId: string,
  named: readonly (readonly [field: string, variable: string | undefined])[],
  ownAllowed: readonly string[] = [],
): readonly FieldViolation[] => {
  const prefix = tenantId === DEFAULT_TENANT ? "" : `${tenantId.toUpperCase().replaceAll("-", "_")}__`;
  const isOwn = (variable: string): boolean => variable.startsWith("AGENTCORE_") && !ownAllowed.includes(variable);
  return named.flatMap(([field, variable]) => {
    if (variable === undefined) return [];
    const own = variable.slice(prefix.length);
    // A tenant's name may have two hyphens in a row: `a` has nothing of `a--b`, whose variables begin with A__B__.
    if (!variable.startsWith(prefix) || (prefix !== "" && (own.startsWith("_") || own.includes("__"))))
      return [{ field, description: `expected a variable of this tenant, ${prefix}…_KEY, …_TOKEN or …_SECRET` }];
    if (prefix === "" && (variable.includes("__") || isOwn(variable)))
      return [{ field, description: "expected a variable that is neither the platform's nor another tenant's" }];
    return [];
  });
};

/** The variables that headers name. */
export const headerVariables = (
  field: string,
  headers: Readonly<Record<string, string | { readonly env: string }>> = {},
): readonly (readonly [string, string | undefined])[] =>
  Object.entries(headers).map(
    ([name, value]) => [`${field}.${name}.env`, typeof value === "string" ? undefined : value.env] as const,
  );
