/** Whose secrets a webhook is judged by. What else is wrong with its options is told where the agent is made of them. */
import { type AgentManifest, invalidArgument } from "@agentcore/contract";
import { checkVariables } from "./check-variables.ts";

/** Throws INVALID_ARGUMENT: a tenant that could name another's secret would learn whether its guesses sign. */
export const checkWebhook = (tenantId: string, { metadata, spec }: AgentManifest): void => {
  if (spec.standard?.name !== "webhook") return;
  const { secrets } = (spec.standard.options ?? {}) as { readonly secrets?: unknown };
  if (!Array.isArray(secrets)) return;
  const named = secrets.map(
    (variable: unknown, index) =>
      [`spec.standard.options.secrets.${index}`, typeof variable === "string" ? variable : undefined] as const,
  );
  const violations = checkVariables(tenantId, named);
  if (violations.length > 0) throw invalidArgument(`agent "${metadata.name}"`, violations);
};
