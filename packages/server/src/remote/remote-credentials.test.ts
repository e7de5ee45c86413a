import type { RemoteAgent } from "@agentcore/contract";
import { ManualClock } from "@agentcore/core/testing";
import { describe, expect, it } from "vitest";
import { createRemoteCredentials } from "./remote-credentials.ts";

const CARD = "https://agent.test/card.json";
const ENV = { PARTNER_TOKEN: "hush", PARTNER_KEY: "key", PARTNER_SECRET: "s:cret" };

/** A token endpoint that counts. */
const open = (remote: Partial<RemoteAgent>, answers: readonly Response[] = [], cardTokenUrl?: string) => {
  const asked: { readonly url: string; readonly init: RequestInit }[] = [];
  const clock = new ManualClock();
  const credentials = createRemoteCredentials({
    agent: "far",
    remote: { card: CARD, ...remote },
    tokenUrl: () => cardTokenUrl,
    env: ENV,
    clock,
    fetch: (async (url: string, init: RequestInit) => {
      asked.push({ url, init });
      return answers[asked.length - 1] ?? Response.json({ access_token: `t${asked.length}`, expires_in: 100 });
    }) as unknown as typeof fetch,
  });
  return { credentials, asked, clock };
};

const oauth2 = { clientId: "id", clientSecretEnv: "PARTNER_SECRET", scopes: ["a", "b"] };

describe("credentials of a remote agent", () => {
  it("are headers with what the environment holds", async () => {
    const bearer = open({
      auth: { bearerEnv: "PARTNER_TOKEN" },
      headers: { "X-Org": "acme", "X-Key": { env: "PARTNER_KEY" } },
    });
    expect(await bearer.credentials.headers()).toEqual({
      ...{ authorization: "Bearer hush", "x-org": "acme", "x-key": "key" },
    });
    const key = open({ auth: { apiKeyEnv: "PARTNER_KEY", header: "X-API-Key" } });
    expect(await key.credentials.headers()).toEqual({ "x-api-key": "key" });
  });

  it("say which variable is not set", async () => {
    await expect(open({ auth: { bearerEnv: "NO_TOKEN" } }).credentials.headers()).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: 'agent "far" has no credential: set NO_TOKEN',
    });
  });

  it("are a token that is asked for once, and again shortly before it expires or when it is refused", async () => {
    const { credentials, asked, clock } = open({
      auth: { oauth2: { ...oauth2, tokenUrl: "https://auth.test/token" } },
    });
    const [first, second] = await Promise.all([credentials.headers(), credentials.headers()]);
    expect([first, second]).toEqual([{ authorization: "Bearer t1" }, { authorization: "Bearer t1" }]);
    expect(asked[0]?.url).toBe("https://auth.test/token");
    expect(asked[0]?.init.body).toBe("grant_type=client_credentials&scope=a+b");
    const basic = Buffer.from("id:s%3Acret").toString("base64");
    expect(asked[0]?.init.headers).toMatchObject({ authorization: `Basic ${basic}` });
    await clock.advance(69_000);
    expect(await credentials.headers()).toEqual({ authorization: "Bearer t1" });
    await clock.advance(2_000);
    expect(await credentials.headers()).toEqual({ authorization: "Bearer t2" });
    expect(credentials.renew("Bearer t2")).toBe(true);
    expect(await credentials.headers()).toEqual({ authorization: "Bearer t3" });
  });

  it("that are refused to several calls at once are asked for anew once, and good for all of them", async () => {
    const { credentials, asked } = open({ auth: { oauth2: { ...oauth2, tokenUrl: "https://auth.test/token" } } });
    const { authorization = "" } = await credentials.headers();
    const refused = async () => credentials.renew(authorization) && credentials.headers();
    const renewed = { authorization: "Bearer t2" };
    expect(await Promise.all([refused(), refused()])).toEqual([renewed, renewed]);
    expect(await refused()).toEqual(renewed);
    expect(asked).toHaveLength(2);
  });

  it("come from where the card says, when the manifest does not, and it may be told the secret", async () => {
    const { credentials, asked } = open({ auth: { oauth2 } }, [], "https://agent.test/token");
    await credentials.headers();
    expect(asked[0]?.url).toBe("https://agent.test/token");
    await expect(open({ auth: { oauth2 } }).credentials.headers()).rejects.toMatchObject({
      message: expect.stringContaining("set spec.remote.auth.oauth2.tokenUrl"),
    });
  });

  it.each([
    [401, "UNAUTHENTICATED", false],
    [503, "UPSTREAM_FAILED", true],
  ] as const)(
    "without a token (%i) are %s, and what the endpoint says is not repeated",
    async (status, code, retryable) => {
      const auth = { oauth2: { ...oauth2, tokenUrl: "https://auth.test/token" } };
      const { credentials } = open({ auth }, [Response.json({ error: "s:cret" }, { status })]);
      await expect(credentials.headers()).rejects.toMatchObject({
        ...{ code, retryable, message: expect.not.stringContaining("s:cret") },
      });
      expect(await credentials.headers()).toEqual({ authorization: "Bearer t2" });
    },
  );

  it("cannot be had anew where they are no tokens", () => {
    expect(open({ auth: { bearerEnv: "PARTNER_TOKEN" } }).credentials.renew("Bearer hush")).toBe(false);
  });
});
