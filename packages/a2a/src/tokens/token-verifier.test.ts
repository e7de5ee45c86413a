import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { createTokenVerifier, type TokenIssuer } from "./token-verifier.ts";

const ISSUER = "https://idp.test/";
const JWKS = "https://idp.test/keys";
const NOW = 1_800_000_000_000;
const seconds = NOW / 1000;

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
let one: Pair;
let two: Pair;
beforeAll(() => {
  one = generateKeyPairSync("ec", { namedCurve: "P-256" });
  two = generateKeyPairSync("ec", { namedCurve: "P-256" });
});

const jwksOf = async (...pairs: readonly (readonly [string, Pair])[]) => ({
  keys: await Promise.all(pairs.map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid }))),
});

const sign = (claims: Readonly<Record<string, unknown>> = {}, { privateKey } = one, kid = "one", alg = "ES256") =>
  new SignJWT({ iss: ISSUER, aud: "agentcore", sub: "ann", exp: seconds + 60, ...claims })
    .setProtectedHeader({ alg, kid })
    .sign(privateKey);

const idp = (documents: Record<string, unknown>, issuer: Partial<TokenIssuer> = { jwksUrl: JWKS }) => {
  const calls: string[] = [];
  const troubles: string[] = [];
  let now = NOW;
  let uptime = 0;
  const { verify } = createTokenVerifier([{ issuer: ISSUER, audience: ["agentcore"], ...issuer }], {
    fetch: (async (url: string) => {
      calls.push(url);
      const document = documents[url];
      return document === undefined ? new Response("", { status: 503 }) : Response.json(document);
    }) as typeof fetch,
    now: () => now,
    monotonic: () => uptime,
    onTrouble: (name) => troubles.push(name),
  });
  return {
    calls,
    documents,
    troubles,
    verify,
    pass: (ms: number) => {
      now += ms;
      uptime += ms;
    },
    setClock: (ms: number) => {
      now = NOW + ms;
    },
    refused: async (token: string, why: string | RegExp) => {
      const refused = verify(token);
      await expect(refused).rejects.toMatchObject({ code: "UNAUTHENTICATED", details: { error: "invalid_token" } });
      await expect(refused).rejects.toThrow(why);
      const error = await refused.catch((thrown: unknown) => thrown);
      for (const part of token.split("."))
        if (part.length > 8) expect(JSON.stringify(error) + String(error)).not.toContain(part);
    },
  };
};

describe("a token", () => {
  it("of a configured issuer, for this audience, in its time, is taken with its claims", async () => {
    const { verify, calls } = idp({ [JWKS]: await jwksOf(["one", one]) });
    const { claims, issuer } = await verify(await sign({ aud: ["other", "agentcore"], scope: "a b" }));
    expect([claims.sub, claims.scope, issuer.issuer]).toEqual(["ann", "a b", ISSUER]);
    await verify(await sign());
    expect(calls).toEqual([JWKS]);
  });

  it("is refused when any of that is not so", async () => {
    const { refused } = idp({ [JWKS]: await jwksOf(["one", one]) });
    await refused(await sign({ iss: "https://idp.test" }), "issuer");
    await refused(await sign({ aud: "another" }), "aud");
    await refused(await sign({ aud: [] }), "aud");
    await refused(await sign({ exp: seconds - 31 }), "expired");
    await refused(await sign({ exp: undefined }), "exp");
    await refused(await sign({ nbf: seconds + 31 }), "not valid yet");
    await refused(await sign({}, two), "signature");
    await refused(await sign({}, two, "two"), "names no key");
    const [header, , signature] = (await sign()).split(".");
    const forged = Buffer.from(
      JSON.stringify({ iss: ISSUER, aud: "agentcore", sub: "root", exp: seconds + 60 }),
    ).toString("base64url");
    await refused([header, forged, signature].join("."), "signature");
    await refused("not.a.token", "no JWT");
  });

  it("is not taken with an algorithm that needs no private key", async () => {
    const { refused } = idp({ [JWKS]: await jwksOf(["one", one]) });
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const payload = encode({ iss: ISSUER, aud: "agentcore", sub: "root", exp: seconds + 60 });
    await refused(`${encode({ alg: "none" })}.${payload}.AA`, "algorithm");
    const { publicKey } = one;
    const secret = new TextEncoder().encode(publicKey.export({ type: "spki", format: "pem" }) as string);
    const shared = await new SignJWT({ iss: ISSUER, aud: "agentcore", exp: seconds + 60 })
      .setProtectedHeader({ alg: "HS256", kid: "one" })
      .sign(secret);
    await refused(shared, "algorithm");
  });

  it("is taken without a type or as an access token, and not as one for something else", async () => {
    const { verify, refused } = idp({ [JWKS]: await jwksOf(["one", one]) });
    const typed = (typ: string) =>
      new SignJWT({ iss: ISSUER, aud: "agentcore", sub: "ann", exp: seconds + 60 })
        .setProtectedHeader({ alg: "ES256", kid: "one", typ })
        .sign(one.privateKey);
    for (const typ of ["JWT", "jwt", "at+jwt", "application/at+jwt"]) await verify(await typed(typ));
    for (const typ of ["logout+jwt", "dpop+jwt", "JOSE", "not-at+jwt", ""]) await refused(await typed(typ), "typ");
  });

  it("never brings its own key", async () => {
    const { refused, calls } = idp({ [JWKS]: await jwksOf(["one", one]) });
    const evil = await new SignJWT({ iss: ISSUER, aud: "agentcore", exp: seconds + 60 })
      .setProtectedHeader({ alg: "ES256", jwk: await exportJWK(two.publicKey), jku: "https://evil.test", kid: "one" })
      .sign(two.privateKey);
    await refused(evil, "signature");
    expect(calls).toEqual([JWKS]);
  });

  it("may be half a minute off", async () => {
    const { verify } = idp({ [JWKS]: await jwksOf(["one", one]) });
    await verify(await sign({ exp: seconds - 29, nbf: seconds - 60 }));
    await verify(await sign({ nbf: seconds + 29 }));
  });
});

describe("the keys of an issuer", () => {
  it("are found by discovery", async () => {
    const url = "https://idp.test/.well-known/openid-configuration";
    const documents = { [url]: { issuer: ISSUER, jwks_uri: JWKS }, [JWKS]: await jwksOf(["one", one]) };
    const { verify, calls } = idp(documents, {});
    await verify(await sign());
    expect(calls).toEqual([url, JWKS]);
    const other = idp({ ...documents, [url]: { issuer: "https://evil.test/", jwks_uri: JWKS } }, {});
    await expect(other.verify(await sign())).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("may stand in a file, and are never fetched then", async () => {
    const { verify, calls } = idp({}, { jwks: await jwksOf(["one", one]) });
    await verify(await sign());
    expect(calls).toEqual([]);
  });

  it("are fetched again for a key they do not have, at most once a minute, however many tokens name one", async () => {
    const { verify, refused, calls, documents, pass } = idp({ [JWKS]: await jwksOf(["one", one]) });
    await verify(await sign());
    pass(60_000);
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => refused(await sign({}, two, `made-up-${index}`), "names no key")),
    );
    expect(calls).toHaveLength(2);
    documents[JWKS] = await jwksOf(["one", one], ["two", two]);
    await refused(await sign({}, two, "two"), "names no key");
    pass(60_000);
    await verify(await sign({ exp: seconds + 600 }, two, "two"));
    expect(calls).toHaveLength(3);
  });

  it("go with their publication, within ten minutes", async () => {
    const { verify, refused, documents, pass } = idp({ [JWKS]: await jwksOf(["one", one]) });
    await verify(await sign());
    documents[JWKS] = await jwksOf(["two", two]);
    pass(600_001);
    await refused(await sign({ exp: seconds + 6000 }), "names no key");
  });

  it("go and come as fast when the clock is set back meanwhile", async () => {
    const { verify, refused, documents, pass, setClock } = idp({ [JWKS]: await jwksOf(["one", one]) });
    await verify(await sign());
    documents[JWKS] = await jwksOf(["two", two]);
    setClock(-3_600_000);
    pass(60_000);
    await verify(await sign({}, two, "two"));
    await refused(await sign(), "names no key");

    documents[JWKS] = await jwksOf(["three", one]);
    pass(60_000);
    setClock(-7_200_000);
    pass(540_001);
    await refused(await sign({}, two, "two"), "names no key");
    await verify(await sign({}, one, "three"));
  });

  it("that cannot be fetched are the issuer's trouble, not the caller's", async () => {
    const { verify, calls, troubles, documents, pass } = idp({});
    for (let time = 0; time < 5; time += 1)
      await expect(verify(await sign())).rejects.toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 10_000 });
    expect([calls.length, troubles]).toEqual([1, [ISSUER]]);
    documents[JWKS] = await jwksOf(["one", one]);
    pass(10_000);
    await verify(await sign());
  });

  it("are used for an hour while they cannot be fetched, and no token waits for the issuer then", async () => {
    const hanging: (() => void)[] = [];
    const jwks = await jwksOf(["one", one]);
    let now = NOW;
    let isAway = false;
    const { verify } = createTokenVerifier([{ issuer: ISSUER, audience: ["agentcore"], jwksUrl: JWKS }], {
      fetch: (async () => {
        if (!isAway) return Response.json(jwks);
        return new Promise((_, reject) => hanging.push(() => reject(new Error("timed out"))));
      }) as unknown as typeof fetch,
      now: () => now,
      monotonic: () => now,
    });
    const token = await sign({ exp: seconds + 6000 });
    await verify(token);
    isAway = true;
    // In use meanwhile: the first try is over before they are old.
    for (const ms of [300_001, 600_001, 3_600_000]) {
      now = NOW + ms;
      await verify(token);
      const tries = hanging.length;
      await Promise.all([verify(token), verify(token)]);
      expect(hanging).toHaveLength(tries);
      hanging.at(-1)?.();
      await expect(verify(await sign({ exp: seconds + 6000 }, two, "two"))).rejects.toMatchObject({
        code: "UNAUTHENTICATED",
      });
    }
    expect(hanging).toHaveLength(3);
    now = NOW + 3_600_001;
    const late = verify(token);
    hanging.at(-1)?.();
    await expect(late).rejects.toMatchObject({ code: "UNAVAILABLE" });
    isAway = false;
    now += 10_000;
    await verify(token);
  });

  it("are shared by its entries, whose audiences tell them apart", async () => {
    const calls: string[] = [];
    const jwks = await jwksOf(["one", one]);
    const { verify } = createTokenVerifier(
      [
        { issuer: ISSUER, audience: ["staff"], jwksUrl: JWKS, role: "staff" },
        { issuer: ISSUER, audience: ["agentcore"], jwksUrl: JWKS, role: "anybody" },
      ],
      {
        fetch: (async (url: string) => {
          calls.push(url);
          return Response.json(jwks);
        }) as typeof fetch,
        now: () => NOW,
        monotonic: () => 0,
      },
    );
    expect((await verify(await sign())).issuer.role).toBe("anybody");
    expect((await verify(await sign({ aud: "staff" }))).issuer.role).toBe("staff");
    expect(calls).toHaveLength(1);
  });
});
