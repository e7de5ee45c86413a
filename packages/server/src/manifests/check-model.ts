/** What of a Model manifest depends on the node and the tenant: where it may be, and whose secrets it may send there. */
import { type FieldViolation, invalidArgument, type ModelManifest, PlatformError } from "@agentcore/contract";
import { callPolicy, checkBaseUrl } from "@agentcore/models";
import { refuseUrl } from "@agentcore/outbound";
import { checkVariables, headerVariables } from "./check-variables.ts";

/** Throws INVALID_ARGUMENT. Names are judged again when they are called, by what they resolve to. */
export const checkModel = (tenantId: string, manifest: ModelManifest, allowPrivate: boolean): void => {
  const violations = [...baseUrlViolations(manifest, allowPrivate), ...variableViolations(tenantId, manifest)];
  if (violations.length > 0) throw invalidArgument(`model "${manifest.metadata.name}"`, violations);
};

const baseUrlViolations = ({ metadata, spec }: ModelManifest, allowPrivate: boolean): readonly FieldViolation[] => {
  const field = "spec.baseUrl";
  try {
    const url = checkBaseUrl(metadata.name, spec.baseUrl ?? "");
    const refused = refuseUrl(
      url,
      callPolicy({ baseUrl: "", model: "", apiKeyEnv: spec.apiKeyEnv, headers: spec.headers }, allowPrivate),
    );
    return refused === undefined ? [] : [{ field, description: refused }];
  } catch (error) {
    return [{ field, description: PlatformError.from(error).message }];
  }
};

const variableViolations = (tenantId: string, { spec }: ModelManifest): readonly FieldViolation[] =>
  checkVariables(
    tenantId,
    [["spec.apiKeyEnv", spec.apiKeyEnv], ...headerVariables("spec.headers", spec.headers)],
    ["AGENTCORE_MODEL_KEY"],
  );
