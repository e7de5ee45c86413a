/** An MCP server for tests whose tokens come by consent, and its authorization server in one: registration, PKCE, codes used once, refresh tokens that rotate. */
import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serveTools, type ToolServer } from "./tool-server.ts";

interface Grant {
  readonly clientId: string;
  readonly scope: string;
  readonly user: string;
}

export interface ConsentServer {
  readonly url: string;
  readonly origin: string;
  readonly tools: ToolServer;
  /** Who is signed in at its pages. */
  user: string;
  /** Whether they say yes. */
  consents: boolean;
  /** What is asked for at the token endpoint. */
  readonly grants: string[];
  /** Users whose tokens were taken, call by call. */
  readonly users: string[];
  registrations: number;
  /** Whether the token endpoint can be had. */
  isDown: boolean;
  /** What it says of refresh tokens in place of renewing; null: it renews. */
  renewalError: string | null;
  /** Whether no token is taken, however new. */
  refusesAll: boolean;
  /** Whether it says by itself who gives its tokens (RFC 9728); else that is to be guessed, as with servers of before. */
  describesItself: boolean;
  /** Before the token endpoint answers. */
  onToken: () => Promise<void> | void;
  /** `authorization` headers that came to the server. */
  readonly sent: string[];
  /** No access token that was given out is taken any more. */
  expire(): void;
  /** Nor any refresh token. */
  withdraw(): void;
  close(): Promise<void>;
}

export const serveWithConsent = async (): Promise<ConsentServer> => {
  const tools = await serveTools();
  const clients = new Map<string, readonly string[]>();
  const codes = new Map<string, Grant & { readonly challenge: string; readonly redirectUri: string }>();
  const access = new Map<string, Grant>();
  const refresh = new Map<string, Grant>();
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const url = new URL(incoming.url ?? "/", self.origin);
      const json = (status: number, value: unknown): void =>
        void outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
      switch (url.pathname) {
        case "/.well-known/oauth-protected-resource":
        case "/.well-known/oauth-protected-resource/mcp":
          if (!self.describesItself) return json(404, {});
          return json(200, { resource: self.url, authorization_servers: [self.origin], scopes_supported: ["read"] });
        case "/.well-known/oauth-authorization-server":
          return json(200, {
            issuer: self.origin,
            authorization_endpoint: `${self.origin}/authorize`,
            token_endpoint: `${self.origin}/token`,
            registration_endpoint: `${self.origin}/register`,
            ...{ response_types_supported: ["code"], grant_types_supported: ["authorization_code", "refresh_token"] },
            ...{ code_challenge_methods_supported: ["S256"], token_endpoint_auth_methods_supported: ["none"] },
            authorization_response_iss_parameter_supported: true,
          });
        case "/register": {
          const asked = JSON.parse(body.toString());
          const clientId = randomUUID();
          self.registrations += 1;
          clients.set(clientId, asked.redirect_uris);
          return json(201, { ...asked, client_id: clientId });
        }
        case "/authorize": {
          const { client_id, redirect_uri, state, code_challenge, code_challenge_method, scope } = Object.fromEntries(
            url.searchParams,
          );
          if (clients.get(client_id ?? "")?.includes(redirect_uri ?? "") !== true || code_challenge_method !== "S256")
            return json(400, { error: "invalid_request" });
          const back = new URL(redirect_uri ?? "");
          back.searchParams.set("state", state ?? "");
          back.searchParams.set("iss", self.origin);
          const code = randomUUID();
          if (self.consents) back.searchParams.set("code", code);
          else back.searchParams.set("error", "access_denied");
          codes.set(code, {
            ...{ clientId: client_id ?? "", scope: scope ?? "", user: self.user },
            ...{ challenge: code_challenge ?? "", redirectUri: redirect_uri ?? "" },
          });
          return void outgoing.writeHead(302, { location: back.href }).end();
        }
        case "/token": {
          if (self.isDown) return json(503, { error: "temporarily_unavailable" });
          const form = Object.fromEntries(new URLSearchParams(body.toString()));
          self.grants.push(form["grant_type"] ?? "");
          await self.onToken();
          if (form["grant_type"] === "refresh_token" && self.renewalError !== null)
            return json(400, { error: self.renewalError });
          const grant = form["grant_type"] === "refresh_token" ? renewed(form) : exchanged(form);
          if (grant === null) return json(400, { error: "invalid_grant" });
          const [accessToken, refreshToken] = [randomUUID(), randomUUID()];
          access.set(accessToken, grant);
          refresh.set(refreshToken, grant);
          return json(200, {
            ...{ access_token: accessToken, refresh_token: refreshToken, token_type: "Bearer", scope: grant.scope },
          });
        }
        default: {
          if (incoming.headers.authorization !== undefined) self.sent.push(incoming.headers.authorization);
          const grant = access.get(incoming.headers.authorization?.replace(/^Bearer /, "") ?? "");
          const challenge = self.describesItself
            ? `Bearer resource_metadata="${self.origin}/.well-known/oauth-protected-resource/mcp", scope="read"`
            : "Bearer";
          if (grant === undefined || self.refusesAll)
            return void outgoing.writeHead(401, { "www-authenticate": challenge }).end();
          self.users.push(grant.user);
          const gone = new AbortController();
          outgoing.once("close", () => gone.abort());
          const {
            host: _,
            connection: __,
            "content-length": ___,
            "transfer-encoding": ____,
            ...headers
          } = incoming.headers;
          const answer = await fetch(tools.url, {
            method: incoming.method ?? "GET",
            headers: headers as Record<string, string>,
            signal: gone.signal,
            ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
          });
          outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
          outgoing.flushHeaders();
          for await (const chunk of answer.body ?? []) outgoing.write(chunk);
          outgoing.end();
        }
      }
    })().catch(() => outgoing.destroy());
  });
  const exchanged = (form: Readonly<Record<string, string>>): Grant | null => {
    const found = codes.get(form["code"] ?? "");
    codes.delete(form["code"] ?? "");
    const challenge = createHash("sha256")
      .update(form["code_verifier"] ?? "")
      .digest("base64url");
    return found?.clientId === form["client_id"] &&
      found?.redirectUri === form["redirect_uri"] &&
      found?.challenge === challenge &&
      form["resource"] === (self.describesItself ? self.url : undefined)
      ? found
      : null;
  };
  const renewed = (form: Readonly<Record<string, string>>): Grant | null => {
    const found = refresh.get(form["refresh_token"] ?? "");
    refresh.delete(form["refresh_token"] ?? "");
    return found?.clientId === form["client_id"] ? (found ?? null) : null;
  };
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const self: ConsentServer = {
    ...{ url: `${origin}/mcp`, origin, tools, user: "nobody", consents: true, grants: [], users: [] },
    ...{ registrations: 0, isDown: false, renewalError: null, refusesAll: false, describesItself: true },
    ...{ onToken: () => undefined, sent: [] },
    expire: () => access.clear(),
    withdraw() {
      access.clear();
      refresh.clear();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await tools.close();
    },
  };
  return self;
};
