/** Where people consent to MCP servers. No credential opens it, as it is a browser that comes: the link does, which only those see who see the task. */
import { PlatformError } from "@agentcore/contract";
import { z } from "zod";
import { type ApiRoute, apiRoute } from "../api/api-route.ts";
import type { ConsentDoor } from "../deps/consent-door.ts";
import { jsonResponse } from "../http/responses.ts";
import { refuseTenantName } from "../http/tenant-name.ts";
import { renderConsentError, renderGiven, renderQuestion } from "./consent-pages.ts";

// With the end of the state that it goes with: one browser may be asked by several links at once.
const COOKIE = "agentcore-consent-";
const STATE_END = /[0-9a-f]{16}$/;
// As long as the state that goes with it.
const COOKIE_SECONDS = 3600;

// What authorisation servers add is let pass.
const Back = z.looseObject({
  state: z.string().max(512).default(""),
  code: z.string().min(1).max(4096).optional(),
  iss: z.string().max(2048).optional(),
  error: z.string().max(256).optional(),
  error_description: z.string().max(4096).optional(),
});

const PAGE = { status: 200, contentTypes: ["text/html"] } as const;

/** `publicUrl`: without a slash at its end. */
export const createConsentRoutes = (consents: ConsentDoor, publicUrl: () => string): readonly ApiRoute[] => {
  const refuse = (_request: Request, error: PlatformError): Response => renderConsentError(error);
  const tenantIn = ({ tenant = "" }: Readonly<Record<string, string>>): string => {
    if (refuseTenantName(tenant) === undefined) return tenant;
    throw new PlatformError("NOT_FOUND", "nobody asks for this consent");
  };
  return [
    apiRoute({
      ...{ method: "GET", path: "/oauth/consent/{tenant}/{id}", operationId: "showConsent" },
      summary: "What a task asks a person to consent to, for their browser",
      ...{ tag: "consent", access: "public", answer: { ...PAGE, description: "A page that asks" }, refuse },
      async handle({ path }) {
        const { isGiven, ...view } = await consents.look(tenantIn(path), path["id"] ?? "");
        return isGiven ? renderGiven(view) : renderQuestion(view);
      },
    }),
    apiRoute({
      ...{ method: "POST", path: "/oauth/consent/{tenant}/{id}", operationId: "beginConsent" },
      summary: "Go on to the authorization server of that consent",
      ...{ tag: "consent", access: "public", refuse },
      answer: { status: 303, description: "Where the person goes on" },
      async handle({ request, path }) {
        assertOwnPage(request.headers);
        const { authorizationUrl, state, browser } = await consents.begin(tenantIn(path), path["id"] ?? "");
        return new Response(null, {
          status: 303,
          headers: {
            ...{ location: authorizationUrl, "cache-control": "no-store", "referrer-policy": "no-referrer" },
            "set-cookie": cookieOf(state, browser, COOKIE_SECONDS, publicUrl()),
          },
        });
      },
    }),
    apiRoute({
      ...{ method: "GET", path: "/oauth/callback", operationId: "finishConsent", query: Back },
      summary: "Where an authorization server sends a person back to",
      ...{ tag: "consent", access: "public", answer: { ...PAGE, description: "A page that says how it went" }, refuse },
      async handle({ request, query }) {
        const { state, code, iss, error, error_description: errorDescription } = query;
        const back = { state, code, iss, error, errorDescription };
        const response = renderGiven(await consents.finish(back, browserOf(state, request.headers)));
        response.headers.set("set-cookie", cookieOf(state, "", 0, publicUrl()));
        return response;
      },
    }),
    apiRoute({
      ...{ method: "GET", path: "/oauth/client.json", operationId: "getOAuthClient" },
      summary: "What the node is to authorization servers (OAuth Client ID Metadata Document)",
      ...{ tag: "consent", access: "public" },
      answer: { status: 200, schema: z.record(z.string(), z.unknown()), description: "RFC 7591's members" },
      handle: async () => jsonResponse(await consents.client()),
    }),
  ];
};

/** Another's page that sends a person on would spare them the question. Throws PERMISSION_DENIED. */
const assertOwnPage = (headers: Headers): void => {
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const isOwn =
    site !== null ? site === "same-origin" : origin === null || URL.parse(origin)?.host === headers.get("host");
  if (!isOwn)
    throw new PlatformError(
      "PERMISSION_DENIED",
      "the page that led here is not the node's own; open the link of the task",
    );
};

const cookieName = (state: string): string => COOKIE + (STATE_END.exec(state)?.[0] ?? "");

const cookieOf = (state: string, value: string, seconds: number, publicUrl: string): string =>
  `${cookieName(state)}=${value}; Path=${new URL(publicUrl).pathname.replace(/\/$/, "")}/oauth; Max-Age=${seconds}; HttpOnly; SameSite=Lax${
    publicUrl.startsWith("https:") ? "; Secure" : ""
  }`;

/** "": it has none. */
const browserOf = (state: string, headers: Headers): string =>
  new RegExp(`(?:^|; )${cookieName(state)}=([0-9a-f]{64})(?:;|$)`).exec(headers.get("cookie") ?? "")?.[1] ?? "";
