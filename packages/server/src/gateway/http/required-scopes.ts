import { PlatformError } from "@agentcore/contract";

/** Of what an agent asks for, what a caller lacks; one without `permissions` lacks nothing. */
export const missingScopes = (
  permissions: readonly string[] | undefined,
  required: readonly string[] | undefined,
): readonly string[] =>
  permissions === undefined || required === undefined ? [] : required.filter((scope) => !permissions.includes(scope));

/** Throws PERMISSION_DENIED, which names what is missing. */
export const assertScopes = (
  { permissions }: { readonly permissions?: readonly string[] | undefined },
  agent: { readonly name: string; readonly scopes?: readonly string[] | undefined },
): void => {
  const missing = missingScopes(permissions, agent.scopes);
  if (missing.length === 0) return;
  throw new PlatformError(
    "PERMISSION_DENIED",
    `agent "${agent.name}" asks for a credential with the scope ${missing.join(" and ")}`,
    { details: { error: "insufficient_scope", scope: (agent.scopes ?? []).join(" ") } },
  );
};
