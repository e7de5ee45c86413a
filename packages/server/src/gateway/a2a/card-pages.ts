/** The public discovery pages: cards and catalogue, cacheable. */
import { PlatformError } from "@agentcore/contract";
import { type AgentDescription, type AgentDirectory, type ConnectionInfo, DEFAULT_TENANT } from "../deps.ts";
import type { Authenticator } from "../http/authenticator.ts";
import { emptyResponse, textResponse } from "../http/responses.ts";
import { statedVersion } from "./a2a-version.ts";
import { buildCard, buildCatalog, type CachedDocument, DocumentCache } from "./agent-card.ts";
import { toHybridCard } from "./legacy-card.ts";

export interface CardPagesDeps {
  readonly agents: AgentDirectory;
  readonly authenticator: Authenticator;
  readonly publicUrl: () => string;
  readonly now: () => number;
}

// Short, since agents come and go with an `apply`; revalidation by ETag is cheap.
const MAX_AGE_SECONDS = 60;

export const createCardPages = ({ agents, authenticator, publicUrl, now }: CardPagesDeps) => {
  const cache = new DocumentCache();
  // Strangers see the default tenant's agents; a key shows its own tenant's.
  const tenantOf = async (request: Request, info: ConnectionInfo | undefined): Promise<string> =>
    (await authenticator.identify(request.headers, info))?.tenantId ?? DEFAULT_TENANT;
  const credentials = authenticator.required ? ["authorization", "x-api-key"] : [];
  const context = () => ({ publicUrl: publicUrl(), authenticated: authenticator.required });

  return {
    tenantOf,

    card(request: Request, tenantId: string, agent: AgentDescription): Response {
      const base = context();
      const version = `${agent.revision}\n${agent.version}\n${base.publicUrl}`;
      // Who states 1.0 may hold the card against its schema, which allows no other members.
      const isPure = statedVersion(request.headers, request.url) === "1.0";
      const key = `${tenantId}/${agent.name}${isPure ? "/1.0" : ""}`;
      const build = () => (isPure ? buildCard(agent, base) : toHybridCard(buildCard(agent, base)));
      const document = cache.get(key, version, build, now());
      return cacheable(request, document, "application/json", ["a2a-version", ...credentials]);
    },

    catalog(request: Request, tenantId: string): Response {
      const all = agents.list(tenantId);
      const version = `${publicUrl()}\n${all.map((agent) => `${agent.name} ${agent.revision} ${agent.version}`).join("\n")}`;
      const document = cache.get(`${tenantId}/`, version, () => buildCatalog(all, publicUrl()), now());
      return cacheable(request, document, "application/ai-catalog+json", credentials);
    },
  };
};

/** 304 by If-None-Match or, without it, If-Modified-Since (RFC 9110 13.2.2). */
const cacheable = (
  request: Request,
  document: CachedDocument,
  contentType: string,
  vary: readonly string[],
): Response => {
  const headers = {
    etag: document.etag,
    "last-modified": new Date(document.modifiedAt).toUTCString(),
    "cache-control": `${vary.includes("authorization") ? "private" : "public"}, max-age=${MAX_AGE_SECONDS}`,
    ...(vary.length === 0 ? {} : { vary: vary.join(", ") }),
  };
  return isFresh(request.headers, document)
    ? emptyResponse(304, headers)
    : textResponse(document.text, contentType, 200, headers);
};

const isFresh = (headers: Headers, document: CachedDocument): boolean => {
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null) {
    return (
      noneMatch.trim() === "*" || noneMatch.split(",").some((tag) => tag.trim().replace(/^W\//, "") === document.etag)
    );
  }
  const since = Date.parse(headers.get("if-modified-since") ?? "");
  // HTTP dates have whole seconds.
  return !Number.isNaN(since) && Math.floor(document.modifiedAt / 1000) * 1000 <= since;
};

export const noSuchAgent = (name: string | null): PlatformError =>
  new PlatformError(
    "AGENT_NOT_FOUND",
    name === null
      ? "this address has no default agent: name one, as in /a2a/NAME"
      : `there is no agent "${name.slice(0, 63)}"`,
  );
