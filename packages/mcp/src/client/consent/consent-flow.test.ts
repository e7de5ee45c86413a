import { expect, test } from "vitest";
import { type ConsentTerms, finishConsent, renewConsent } from "./consent-flow.ts";
import type { ConsentKeeper } from "./consent-keeper.ts";

const ISSUER = "https://login.example";
const DISCOVERY = {
  authorizationServerUrl: ISSUER,
  authorizationServerMetadata: {
    ...{ issuer: ISSUER, authorization_endpoint: `${ISSUER}/authorize`, token_endpoint: `${ISSUER}/token` },
    response_types_supported: ["code"],
  },
};
const KEEPER: ConsentKeeper = {
  kept: async () => null,
  renew: async () => undefined,
  client: async () => null,
  keepClient: async () => undefined,
};

/** An authorization server that refuses, and repeats all that it was sent. */
const terms = (error: string): ConsentTerms => ({
  ...{ what: "desk", url: "https://desk.example/mcp", redirectUrl: "https://node.example/back" },
  client: { id: "node", secret: "s3cret-of-the-node" },
  fetch: async (_url, init) => {
    const said = `${new URLSearchParams(init?.body as URLSearchParams)} s3cret-of-the-node`;
    return Response.json({ error, error_description: `not with ${said}` }, { status: 400 });
  },
});

test.each(["invalid_client", "server_error"])(
  "what is told of a renewal that fails (%s) repeats no secret",
  async (code) => {
    const from = { issuer: ISSUER, discovery: DISCOVERY };
    const error = await renewConsent(terms(code), KEEPER, {
      accessToken: "a",
      refreshToken: "r3fresh-of-ann",
      from,
    }).catch(String);
    expect(error).toContain("not with");
    expect(error).not.toMatch(/s3cret|r3fresh/);
  },
);

test("nor does what is told of a code that is refused", async () => {
  const begun = { verifier: "v3rifier-of-ann", discovery: DISCOVERY };
  const error = await finishConsent(terms("invalid_grant"), begun, { code: "c0de-of-ann" }).catch(String);
  expect(error).toContain("not with");
  expect(error).not.toMatch(/s3cret|v3rifier|c0de/);
});
