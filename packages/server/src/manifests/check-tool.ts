/** What of a Tool manifest depends on the node and the tenant: what it may reach, and whose secrets it gets; and what its library takes. */
import { type FieldViolation, invalidArgument, type ToolManifest } from "@agentcore/contract";
import { refuseEndpoint, refuseIssuer, refuseProgram, type ToolRules } from "../tools/tool-policy.ts";
import { checkVariables, headerVariables } from "./check-variables.ts";

/** Loads its library. Throws INVALID_ARGUMENT, NOT_INSTALLED. Names are judged again when they are called, by what they resolve to. */
export const checkTool = async (tenantId: string, manifest: ToolManifest, rules: ToolRules): Promise<void> => {
  const { metadata, spec } = manifest;
  const { mcp, library } = spec;
  if (library !== undefined) {
    const { readLibrary } = await import("../tools/read-library.ts");
    await readLibrary(tenantId, { ...manifest, spec: { ...spec, library } }, rules);
  }
  if (mcp === undefined) return;
  const { stdio, http } = mcp;
  const at = (field: string, description: string | undefined): readonly FieldViolation[] =>
    description === undefined ? [] : [{ field, description }];
  const violations = [
    ...(stdio === undefined ? [] : refuseProgram(stdio, rules.commands)).map(({ field, description }) => ({
      field: `spec.mcp.stdio.${field}`,
      description,
    })),
    ...(http === undefined ? [] : at("spec.mcp.http.url", refuseEndpoint(http, rules.allowPrivate))),
    ...issuerAddress(http?.auth).flatMap(([field, url]) => at(field, refuseIssuer(url, rules.allowPrivate))),
    ...checkVariables(tenantId, [
      ...headerVariables("spec.mcp.stdio.env", stdio?.env),
      ...headerVariables("spec.mcp.http.headers", http?.headers),
      ...authVariables(http?.auth),
    ]),
  ];
  if (violations.length > 0) throw invalidArgument(`tool "${metadata.name}"`, violations);
};

const issuerAddress = (auth: Auth): readonly (readonly [string, string])[] => {
  if (auth === undefined) return [];
  if ("oauth2" in auth) return [["spec.mcp.http.auth.oauth2.issuer", auth.oauth2.issuer]];
  if (!("authorizationCode" in auth) || auth.authorizationCode.issuer === undefined) return [];
  return [["spec.mcp.http.auth.authorizationCode.issuer", auth.authorizationCode.issuer]];
};

type Auth = NonNullable<NonNullable<ToolManifest["spec"]["mcp"]>["http"]>["auth"];

const authVariables = (auth: Auth): readonly (readonly [string, string | undefined])[] => {
  if (auth === undefined) return [];
  if ("bearerEnv" in auth) return [["spec.mcp.http.auth.bearerEnv", auth.bearerEnv]];
  if ("apiKeyEnv" in auth) return [["spec.mcp.http.auth.apiKeyEnv", auth.apiKeyEnv]];
  const [kind, { clientIdEnv, clientSecretEnv }] =
    "oauth2" in auth ? (["oauth2", auth.oauth2] as const) : (["authorizationCode", auth.authorizationCode] as const);
  return [
    [`spec.mcp.http.auth.${kind}.clientIdEnv`, clientIdEnv],
    [`spec.mcp.http.auth.${kind}.clientSecretEnv`, clientSecretEnv],
  ];
};
