/** Which models a credential is good for, at doors and lists. What agents ask of models is not judged by it. */
import { PlatformError } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";

/** Good for all models; `models:use:NAME` for one, and for all that begin so when it ends in `*`. */
const ALL_MODELS = "models:use";

export const mayUseModel = ({ permissions }: Pick<CallerScope, "permissions">, model: string): boolean =>
  permissions === undefined || permissions.some((scope) => covers(scope, model));

/** Throws PERMISSION_DENIED. */
export const assertMayUseModel = (scope: Pick<CallerScope, "permissions">, model: string): void => {
  if (mayUseModel(scope, model)) return;
  const wanted = `${ALL_MODELS}:${model}`;
  throw new PlatformError(
    "PERMISSION_DENIED",
    `model "${model}" asks for a credential with the scope ${ALL_MODELS}, or ${wanted}`,
    {
      details: { error: "insufficient_scope", scope: ALL_MODELS },
      violations: [{ field: "model", description: wanted }],
    },
  );
};

const covers = (scope: string, model: string): boolean => {
  if (scope === ALL_MODELS) return true;
  if (!scope.startsWith(`${ALL_MODELS}:`)) return false;
  const name = scope.slice(ALL_MODELS.length + 1);
  return name.endsWith("*") ? model.startsWith(name.slice(0, -1)) : model === name;
};
