/** The public discovery pages: cards and catalogue, cacheable. */
import type { CardSigner } from "@agentcore/a2a/cards";
import { type AgentCard, PlatformError } from "@agentcore/contract";
import type { AgentDescription, AgentDirectory } from "../deps/agents.ts";
import type { ConnectionInfo } from "../deps/connection-info.ts";
import { DEFAULT_TENANT } from "../deps/tenants.ts";
import type { Authenticator } from "../http/authenticator.ts";
import { emptyResponse, textResponse } from "../http/responses.ts";
import { statedVersion } from "./a2a-version.ts";
import { buildCard, buildCatalog, buildExtendedCard } from "./agent-card.ts";
import { type CachedDocument, DocumentCache } from "./document-cache.ts";
import { toHybridCard } from "./legacy-card.ts";

export interface CardPagesDeps {
  readonly agents: AgentDirectory;
  readonly authenticator: Authenticator;
  readonly cardSigner: CardSigner | undefined;
  readonly publicUrl: () => string;
  readonly grpcAddress: () => string | undefined;
  /** The tenant's agent that answers when none is named; null when there is none. */
  readonly defaultAgent: (tenantId: string) => AgentDescription | null;
  readonly now: () => number;
}

// Short, since agents come and go with an `apply`; revalidation by ETag is cheap.
const MAX_AGE_SECONDS = 60;

export const JWKS_PATH = "/.well-known/jwks.json";

export const createCardPages = (deps: CardPagesDeps) => {
  const { agents, authenticator, cardSigner, publicUrl, grpcAddress, defaultAgent, now } = deps;
  const cache = new DocumentCache();
  // Strangers see the default tenant's agents; a key shows its own tenant's.
  const tenantOf = async (request: Request, info: ConnectionInfo | undefined): Promise<string> =>
    (await authenticator.identify(request.headers, info))?.tenantId ?? DEFAULT_TENANT;
  const credentials = authenticator.required ? ["authorization", "x-api-key"] : [];
  const isDefault = (tenantId: string, { name }: AgentDescription) => defaultAgent(tenantId)?.name === name;
  const context = (tenantId: string, agent: AgentDescription) => ({
    ...{ publicUrl: publicUrl(), grpcAddress: grpcAddress(), tenantId, isDefaultAgent: isDefault(tenantId, agent) },
    securitySchemes: authenticator.required ? authenticator.schemes(tenantId) : undefined,
  });
  // A description is never changed in place. Another agent's coming or going makes this one the default, or not.
  const partsOf = (tenantId: string, agent: AgentDescription): readonly unknown[] => [
    ...[agent, publicUrl(), grpcAddress(), isDefault(tenantId, agent)],
  ];
  const sign =
    cardSigner === undefined
      ? undefined
      : async (card: AgentCard) => ({
          ...card,
          signatures: [...(await cardSigner.sign(card, `${publicUrl()}${JWKS_PATH}`))],
        });

  return {
    tenantOf,

    async card(request: Request, tenantId: string, agent: AgentDescription): Promise<Response> {
      // Who states 1.0 may hold the card against its schema, which allows no other members.
      const isPure = statedVersion(request.headers, request.url) === "1.0";
      const key = `${tenantId}/${agent.name}${isPure ? "/1.0" : ""}`;
      // The signatures are of the members that 1.0 knows: whoever verifies them leaves out the rest.
      const finish = isPure ? sign : async (card: AgentCard) => toHybridCard((await sign?.(card)) ?? card);
      const source = { build: () => buildCard(agent, context(tenantId, agent)), finish };
      const document = await cache.get(key, partsOf(tenantId, agent), source, now());
      return cacheable(request, document, "application/json", ["a2a-version", ...credentials]);
    },

    /** For a caller who authenticated. Throws UNSUPPORTED_OPERATION when the agent declares none. */
    async extendedCard(tenantId: string, agent: AgentDescription): Promise<AgentCard> {
      const build = () => {
        const card = buildExtendedCard(agent, context(tenantId, agent));
        if (card !== null) return card;
        const why =
          agent.extendedCard === undefined ? "" : ": this node asks nobody to authenticate, and it is for who does";
        throw new PlatformError("UNSUPPORTED_OPERATION", `agent "${agent.name}" has no extended card${why}`);
      };
      const key = `${tenantId}/${agent.name}/extended`;
      const { text } = await cache.get(key, partsOf(tenantId, agent), { build, finish: sign }, now());
      return JSON.parse(text) as AgentCard;
    },

    async catalog(request: Request, tenantId: string): Promise<Response> {
      const all = agents.list(tenantId);
      const parts = [publicUrl(), ...all];
      const document = await cache.get(`${tenantId}/`, parts, { build: () => buildCatalog(all, publicUrl()) }, now());
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
      ? "this address has no default agent: name one, as in /a2a/NAME, or TENANT/NAME as the tenant of a gRPC request"
      : `there is no agent "${name.slice(0, 63)}"`,
  );
