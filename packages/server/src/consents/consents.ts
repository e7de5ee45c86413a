/** The consent of people to MCP servers, as those who call tools need it: asked for where a server wants it, kept, sent on. */
import { type McpConsent, type McpServerSpec, PlatformError, type ToolManifest } from "@agentcore/contract";
import type { ConsentNeeded, Ids, ToolCaller, ToolConsents } from "@agentcore/core/ports";
import type { ConsentKeeper, ConsentTerms, WantedConsent } from "@agentcore/mcp/client";
import type { ConsentOwner } from "./consent-news.ts";
import type { AskedRecord, ConsentRecords, ConsentServer, KeptRecord } from "./consent-records.ts";

/** Where a person comes back to, of the node's own address. */
export const CALLBACK_PATH = "/oauth/callback";
/** Beside it. */
export const CLIENT_PATH = "/oauth/client.json";
export const consentPath = (tenantId: string, id: string): string => `/oauth/consent/${tenantId}/${id}`;

export interface ConsentsOptions {
  readonly records: ConsentRecords;
  /** Throws NOT_FOUND. */
  readonly declared: (tenantId: string, name: string) => Promise<ToolManifest>;
  readonly sha256: (text: string) => string;
  readonly ids: Ids;
  readonly now: () => number;
  /** Of the node, as people reach it. */
  readonly address: () => string;
  readonly readFor: (tenantId: string, what: string) => (variable: string) => string;
  /** Somebody gave a token in place of consent. Never rejects. */
  readonly onKept: (of: ConsentOwner) => Promise<void>;
}

/** All of a consent but the person. */
export interface ConsentOf {
  readonly of: ConsentServer;
  readonly terms: Omit<ConsentTerms, "fetch">;
  readonly keeper: ConsentKeeper;
}

/** Who asks; outside of any task there is none. */
export type ConsentCaller = Pick<ToolCaller, "tenantId" | "caller"> & Partial<Pick<ToolCaller, "agent" | "taskId">>;

export class Consents implements ToolConsents {
  private readonly options: ConsentsOptions;

  constructor(options: ConsentsOptions) {
    this.options = options;
  }

  /** Null: the server asks for none. `redirectUrl`: as it was when somebody left. @default of the node as it is reached now */
  at(
    { tenantId, caller }: Pick<ConsentCaller, "tenantId" | "caller">,
    manifest: string,
    spec: McpServerSpec | undefined,
    redirectUrl = `${this.address()}${CALLBACK_PATH}`,
  ): ConsentOf | null {
    const { records, readFor } = this.options;
    const consent = consentOf(spec);
    if (consent === null) return null;
    const what = `MCP server "${manifest}"`;
    const { url, auth } = consent;
    const of = { tenantId, manifest, server: this.options.sha256(JSON.stringify([url, auth])).slice(0, 16) };
    const { clientId, clientIdEnv, clientSecretEnv, issuer, scopes } = auth;
    const read = readFor(tenantId, what);
    const id = clientId ?? (clientIdEnv === undefined ? undefined : read(clientIdEnv));
    const isPublic = redirectUrl.startsWith("https:");
    return {
      of,
      terms: {
        ...{ what, url, issuer, scopes, redirectUrl },
        client:
          id === undefined ? null : { id, secret: clientSecretEnv === undefined ? undefined : read(clientSecretEnv) },
        ...(isPublic ? { clientMetadataUrl: new URL("client.json", redirectUrl).href } : {}),
      },
      keeper: {
        kept: async () => (await records.kept(of, caller))?.consent ?? null,
        renew: (before, renewing) => records.renew(of, caller, before, renewing),
        client: (at) => records.client(of, at, redirectUrl),
        keepClient: (at, client) => records.keepClient(of, at, redirectUrl, client),
      },
    };
  }

  /** What whoever called is told: where consent is given. */
  async ask(
    { tenantId, caller, agent, taskId }: ConsentCaller,
    manifest: string,
    wanted: WantedConsent,
  ): Promise<PlatformError> {
    const task = agent === undefined || taskId === undefined ? null : { agent, taskId };
    const { records, ids } = this.options;
    const { id } = await records.ask(tenantId, { manifest, caller, task, wanted }, () => ids.secret());
    const url = `${this.address()}${consentPath(tenantId, id)}`;
    const scopes = wanted.scopes?.filter((scope) => scope.length <= 256).slice(0, 100);
    const consent: ConsentNeeded = {
      manifest,
      url,
      ...(scopes === undefined || scopes.length === 0 ? {} : { scopes }),
    };
    return new PlatformError(
      "UNAUTHENTICATED",
      `MCP server "${manifest}" wants the consent of ${caller}, which is given at ${url}`,
      { details: { consent, nextStep: "Open that address in a browser, say yes there, and do this again." } },
    );
  }

  async given({ tenantId, caller, agent, taskId }: ToolCaller, manifest: string): Promise<boolean> {
    const { records } = this.options;
    const kept = await this.kept(tenantId, caller, manifest);
    if (kept === null) return false;
    const asked = await records.askedBy(tenantId, { manifest, caller, task: { agent, taskId } });
    return asked === null || isSince(kept, asked);
  }

  /** Whether somebody consented since they were asked. Throws NOT_FOUND. */
  async isAnswered(tenantId: string, asked: AskedRecord): Promise<boolean> {
    const kept = await this.kept(tenantId, asked.caller, asked.manifest);
    return kept !== null && isSince(kept, asked);
  }

  async keep(
    { tenantId, caller }: ToolCaller,
    manifest: string,
    { type, value }: { readonly type: string; readonly value: string },
    expiresAt: number | undefined,
  ): Promise<void> {
    if (type !== "bearer")
      throw new PlatformError(
        "INVALID_ARGUMENT",
        `MCP server "${manifest}" takes a bearer token in place of consent, and the credential is of type ${type}`,
      );
    const { spec } = await this.options.declared(tenantId, manifest);
    const of = this.at({ tenantId, caller }, manifest, spec.mcp)?.of;
    if (of === undefined)
      throw new PlatformError("UNSUPPORTED_OPERATION", `"${manifest}" asks for no consent any more`);
    const left = expiresAt === undefined ? undefined : Math.max(1, expiresAt - this.options.now());
    await this.options.records.keep(of, caller, { accessToken: value }, left);
    await this.options.onKept({ tenantId, manifest, caller });
  }

  async kept(tenantId: string, caller: string, manifest: string): Promise<KeptRecord | null> {
    const { spec } = await this.options.declared(tenantId, manifest);
    const found = this.at({ tenantId, caller }, manifest, spec.mcp);
    return found === null ? null : this.options.records.kept(found.of, caller);
  }

  address(): string {
    return this.options.address().replace(/\/+$/, "");
  }
}

/** More may have been asked for than was consented to before. */
const isSince = (kept: KeptRecord, asked: AskedRecord): boolean => kept.at > asked.at;

/** Undefined: the manifest names no server. */
const consentOf = (spec: McpServerSpec | undefined): { readonly url: string; readonly auth: McpConsent } | null => {
  const { url, auth } = spec?.http ?? {};
  if (url === undefined || auth === undefined || !("authorizationCode" in auth)) return null;
  return { url, auth: auth.authorizationCode };
};
