/** What of a remote agent depends on the node and the tenant: where it may be, and whose secrets it may be sent. */
import { type AgentManifest, type FieldViolation, invalidArgument, type RemoteAgent } from "@agentcore/contract";
import { refuseRemoteUrl } from "../remote/remote-policy.ts";
import { checkVariables, headerVariables } from "./check-variables.ts";

/** Throws INVALID_ARGUMENT. Names are judged again when they are called, by what they resolve to. */
export const checkRemote = (tenantId: string, manifest: AgentManifest, allowPrivate: boolean): void => {
  const { remote } = manifest.spec;
  if (remote === undefined) return;
  const violations = [
    ...addressViolations(remote, allowPrivate),
    ...checkVariables(tenantId, [...authVariables(remote), ...headerVariables("spec.remote.headers", remote.headers)]),
  ];
  if (violations.length > 0) throw invalidArgument(`agent "${manifest.metadata.name}"`, violations);
};

const addressViolations = (remote: RemoteAgent, allowPrivate: boolean): readonly FieldViolation[] => {
  const { auth } = remote;
  const tokenUrl = auth !== undefined && "oauth2" in auth ? auth.oauth2.tokenUrl : undefined;
  const refused = refuseRemoteUrl(remote, remote.card, allowPrivate);
  // Its author says that the credentials go there.
  const refusedToken =
    tokenUrl === undefined ? undefined : refuseRemoteUrl({ ...remote, card: tokenUrl }, tokenUrl, allowPrivate);
  return [
    ...(refused === undefined ? [] : [{ field: "spec.remote.card", description: refused }]),
    ...keyViolations(remote, allowPrivate),
    ...(refusedToken === undefined ? [] : [{ field: "spec.remote.auth.oauth2.tokenUrl", description: refusedToken }]),
  ];
};

/** Nothing secret goes there. */
const keyViolations = (remote: RemoteAgent, allowPrivate: boolean): readonly FieldViolation[] => {
  const url = remote.signature?.jwksUrl;
  if (url === undefined) return [];
  const refused = refuseRemoteUrl({ card: url }, url, allowPrivate);
  return refused === undefined ? [] : [{ field: "spec.remote.signature.jwksUrl", description: refused }];
};

const authVariables = ({ auth }: RemoteAgent): readonly (readonly [string, string | undefined])[] => {
  if (auth === undefined) return [];
  if ("bearerEnv" in auth) return [["spec.remote.auth.bearerEnv", auth.bearerEnv]];
  if ("apiKeyEnv" in auth) return [["spec.remote.auth.apiKeyEnv", auth.apiKeyEnv]];
  return [
    ["spec.remote.auth.oauth2.clientIdEnv", auth.oauth2.clientIdEnv],
    ["spec.remote.auth.oauth2.clientSecretEnv", auth.oauth2.clientSecretEnv],
  ];
};
