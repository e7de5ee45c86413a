/** What a manifest says of a library, held against what the library takes, and what that reaches against what the node allows. */
import {
  type FieldViolation,
  formatFieldPath,
  invalidArgument,
  type ToolLibrarySpec,
  type ToolManifest,
} from "@agentcore/contract";
import type { Reach, ToolLibrary } from "@agentcore/sdk";
import { checkVariables } from "../manifests/check-variables.ts";
import { loadToolLibrary } from "./tool-libraries.ts";
import { refuseReach, type ToolRules } from "./tool-policy.ts";

/** A Tool manifest that names one. */
export type LibraryManifest = ToolManifest & { readonly spec: { readonly library: ToolLibrarySpec } };

export interface ReadLibrary {
  readonly library: ToolLibrary;
  /** As the library's schema gives them. */
  readonly options: unknown;
  readonly reaches: readonly Reach[];
}

const OPTIONS = "spec.library.options";
const MAX_VIOLATIONS = 20;

/** Throws INVALID_ARGUMENT, NOT_INSTALLED. */
export const readLibrary = async (
  tenantId: string,
  { metadata, spec }: LibraryManifest,
  rules: ToolRules,
  load: (name: string, modules: readonly string[]) => Promise<ToolLibrary> = loadToolLibrary,
): Promise<ReadLibrary> => {
  const refuse = (violations: readonly FieldViolation[]): never => {
    throw invalidArgument(`tool "${metadata.name}"`, violations.slice(0, MAX_VIOLATIONS));
  };
  const library = await load(spec.library.name, rules.libraries);
  const judged = await library.options["~standard"].validate(spec.library.options ?? {});
  if (judged.issues !== undefined)
    return refuse(
      judged.issues.map(({ path = [], message }) => ({
        field: fieldOf(formatFieldPath(path.map((part) => (typeof part === "object" ? part.key : part)))),
        description: message,
      })),
    );
  const reaches = library.reaches?.(judged.value) ?? [];
  const refused = await Promise.all(
    reaches.map(async (reach): Promise<readonly FieldViolation[]> => {
      const description = await refuseReach(tenantId, reach, rules);
      return description === undefined ? [] : [{ field: fieldOf(reach.field), description }];
    }),
  );
  const variables = reaches
    .filter(({ kind }) => kind === "secret")
    .map(({ field, value }) => [fieldOf(field), value] as const);
  const violations = [...refused.flat(), ...checkVariables(tenantId, variables)];
  if (violations.length > 0) refuse(violations);
  return { library, options: judged.value, reaches };
};

const fieldOf = (path: string): string =>
  path === "" ? OPTIONS : `${OPTIONS}${path.startsWith("[") ? "" : "."}${path}`;
