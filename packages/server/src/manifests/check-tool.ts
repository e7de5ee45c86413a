/** What of a Tool manifest depends on the node and the tenant: where its server may be, what may be started, and whose secrets it gets. */
import { type FieldViolation, invalidArgument, type ToolManifest } from "@agentcore/contract";
import { refuseEndpoint, refuseProgram, type ToolRules } from "../tools/tool-policy.ts";
import { checkVariables, headerVariables } from "./check-variables.ts";

/** Throws INVALID_ARGUMENT. Names are judged again when they are called, by what they resolve to. */
export const checkTool = (tenantId: string, { metadata, spec }: ToolManifest, rules: ToolRules): void => {
  const { stdio, http } = spec.mcp;
  const at = (field: string, description: string | undefined): readonly FieldViolation[] =>
    description === undefined ? [] : [{ field, description }];
  const violations = [
    ...(stdio === undefined ? [] : refuseProgram(stdio, rules.commands)).map(({ field, description }) => ({
      field: `spec.mcp.stdio.${field}`,
      description,
    })),
    ...(http === undefined ? [] : at("spec.mcp.http.url", refuseEndpoint(http, rules.allowPrivate))),
    ...checkVariables(tenantId, [
      ...headerVariables("spec.mcp.stdio.env", stdio?.env),
      ...headerVariables("spec.mcp.http.headers", http?.headers),
      ...authVariables(http?.auth),
    ]),
  ];
  if (violations.length > 0) throw invalidArgument(`tool "${metadata.name}"`, violations);
};

type Auth = NonNullable<ToolManifest["spec"]["mcp"]["http"]>["auth"];

const authVariables = (auth: Auth): readonly (readonly [string, string | undefined])[] => {
  if (auth === undefined) return [];
  if ("bearerEnv" in auth) return [["spec.mcp.http.auth.bearerEnv", auth.bearerEnv]];
  if ("apiKeyEnv" in auth) return [["spec.mcp.http.auth.apiKeyEnv", auth.apiKeyEnv]];
  return [
    ["spec.mcp.http.auth.oauth2.clientIdEnv", auth.oauth2.clientIdEnv],
    ["spec.mcp.http.auth.oauth2.clientSecretEnv", auth.oauth2.clientSecretEnv],
  ];
};
