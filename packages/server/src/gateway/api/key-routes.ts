/** The public keys that cards of this node are signed with. */
import type { CardSigner } from "@agentcore/a2a/cards";
import { z } from "zod";
import { JWKS_PATH } from "../a2a/card-pages.ts";
import { textResponse } from "../http/responses.ts";
import { type ApiRoute, apiRoute } from "./api-route.ts";

const JwksResource = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });
// Of rotation: a new key is added so long before the old one goes.
const HEADERS = { "cache-control": "public, max-age=300" };

/** None when cards are not signed. */
export const createKeyRoutes = (signer: CardSigner | undefined): readonly ApiRoute[] => {
  if (signer === undefined) return [];
  const text = JSON.stringify(signer.jwks);
  return [
    apiRoute({
      method: "GET",
      path: JWKS_PATH,
      operationId: "getCardKeys",
      summary: "The public keys that agent cards are signed with (JWKS, RFC 7517)",
      tag: "node",
      access: "public",
      answer: { status: 200, schema: JwksResource, description: "The keys" },
      handle: () => textResponse(text, "application/jwk-set+json", 200, HEADERS),
    }),
  ];
};
