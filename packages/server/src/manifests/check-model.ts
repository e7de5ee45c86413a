/** What of a Model manifest depends on the node and the tenant: where it may be, and whose secrets it may send there. */
import { type FieldViolation, invalidArgument, type ModelManifest, PlatformError } from "@agentcore/contract";
import { callPolicy, checkBaseUrl } from "@agentcore/models";
import { refuseUrl } from "@agentcore/outbound";
import { DEFAULT_TENANT } from "../gateway/deps.ts";

/** Throws INVALID_ARGUMENT. Names are judged again when they are called, by what they resolve to. */
export const checkModel = (tenantId: string, manifest: ModelManifest, allowPrivate: boolean): void => {
  const violations = [...baseUrlViolations(manifest, allowPrivate), ...variableViolations(tenantId, manifest)];
  if (violations.length > 0) throw invalidArgument(`model "${manifest.metadata.name}"`, violations);
};

const baseUrlViolations = ({ metadata, spec }: ModelManifest, allowPrivate: boolean): readonly FieldViolation[] => {
  const field = "spec.baseUrl";
  try {
    const url = checkBaseUrl(metadata.name, spec.baseUrl);
    const refused = refuseUrl(url, callPolicy(spec, allowPrivate));
    return refused === undefined ? [] : [{ field, description: refused }];
  } catch (error) {
    return [{ field, description: PlatformError.from(error).message }];
  }
};

/**
 * The environment is the node's, and whoever applies a Model chooses where a variable's value is sent: a tenant gets at what
 * is named after it only (I7), and nobody at the platform's own keys.
 */
const variableViolations = (tenantId: string, { spec }: ModelManifest): readonly FieldViolation[] => {
  const named: readonly (readonly [string, string | undefined])[] = [
    ["spec.apiKeyEnv", spec.apiKeyEnv],
    ...Object.entries(spec.headers ?? {}).map(
      ([name, value]) => [`spec.headers.${name}.env`, typeof value === "string" ? undefined : value.env] as const,
    ),
  ];
  const prefix = tenantId === DEFAULT_TENANT ? "" : `${tenantId.toUpperCase().replaceAll("-", "_")}__`;
  return named.flatMap(([field, variable]) => {
    if (variable === undefined) return [];
    if (!variable.startsWith(prefix))
      return [{ field, description: `expected a variable of this tenant, ${prefix}…_KEY or ${prefix}…_TOKEN` }];
    if (prefix === "" && (variable.includes("__") || isOwn(variable)))
      return [{ field, description: "expected a variable that is neither the platform's nor another tenant's" }];
    return [];
  });
};

const isOwn = (variable: string): boolean => variable.startsWith("AGENTCORE_") && variable !== "AGENTCORE_MODEL_KEY";
