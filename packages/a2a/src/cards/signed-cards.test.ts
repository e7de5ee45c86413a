import { generateKeyPairSync } from "node:crypto";
import { AgentCard, generateAgentCardSignature, verifyAgentCardSignature } from "@a2a-js/sdk";
import { exportJWK, FlattenedSign, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { createCardSigner } from "./card-signer.ts";
import { type CardTrust, createCardVerifier } from "./card-verifier.ts";

const CARD = {
  name: "echo",
  description: "Says it again",
  supportedInterfaces: [{ url: "https://a.test/a2a/echo", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
  version: "1.0.0",
  capabilities: { streaming: true, pushNotifications: false },
  defaultInputModes: ["text/plain"],
  defaultOutputModes: ["text/plain"],
  skills: [{ id: "say", name: "Say", description: "Says it", tags: ["text"] }],
};
const SECURED = {
  ...CARD,
  securitySchemes: { apiKey: { apiKeySecurityScheme: { location: "header", name: "X-API-Key" } } },
  securityRequirements: [{ schemes: { apiKey: { list: [] } } }],
};
const JKU = "https://a.test/.well-known/jwks.json";

const pem = (type: "p256" | "p384" | "ed25519" | "rsa" = "p256"): string => {
  const pair = {
    p256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
    p384: () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
    ed25519: () => generateKeyPairSync("ed25519"),
    rsa: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  }[type]();
  return pair.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
};

/** A publisher that counts, and the time. */
const world = (documents: Record<string, unknown> = {}) => {
  const calls: string[] = [];
  let now = 1_000_000;
  return {
    calls,
    documents,
    pass: (ms: number) => {
      now += ms;
    },
    monotonic: () => now,
    fetch: (async (url: string) => {
      calls.push(url);
      const document = documents[url];
      return document === undefined ? new Response("", { status: 404 }) : Response.json(document);
    }) as typeof fetch,
  };
};

const verify = (card: unknown, trust: CardTrust, { fetch, monotonic } = world()) =>
  createCardVerifier({ ...trust, fetch, monotonic }).verify(card);

describe("a signed card", () => {
  it.each(["p256", "p384", "ed25519", "rsa"] as const)("is verified by its signer's public key (%s)", async (type) => {
    const signer = await createCardSigner([pem(type)]);
    const card = { ...SECURED, signatures: await signer.sign(SECURED, JKU) };
    const verified = await verify(JSON.parse(JSON.stringify(card)), { jwks: signer.jwks });
    expect(verified.kid).toBe(signer.jwks.keys[0]?.kid);
    // As the data model has it: an empty list of scopes is no list.
    expect(verified.card).toEqual({ ...SECURED, securityRequirements: [{ schemes: { apiKey: {} } }] });
  });

  it("names in its protected header how and with what it was made", async () => {
    const signer = await createCardSigner([pem()]);
    const [signature] = await signer.sign(CARD, JKU);
    expect(JSON.parse(Buffer.from(signature?.protected ?? "", "base64url").toString())).toEqual({
      alg: "ES256",
      kid: signer.jwks.keys[0]?.kid,
      typ: "JOSE",
      jku: JKU,
    });
    expect(Object.keys(signature ?? {})).toEqual(["protected", "signature"]);
    expect(signer.jwks.keys[0]).not.toHaveProperty("d");
  });

  it("is refused once anything was changed in it: text, address, or how to authenticate", async () => {
    const signer = await createCardSigner([pem()]);
    const signatures = await signer.sign(SECURED, JKU);
    const { securityRequirements: _, ...open } = SECURED;
    for (const changed of [
      { ...SECURED, description: "Says it twice" },
      { ...SECURED, supportedInterfaces: [{ ...CARD.supportedInterfaces[0], url: "https://evil.test" }] },
      { ...SECURED, securityRequirements: [] },
      open,
    ])
      await expect(verify({ ...changed, signatures }, { jwks: signer.jwks })).rejects.toMatchObject({
        code: "INVALID_AGENT_RESPONSE",
      });
  });

  it("hands out nothing that the signature does not cover", async () => {
    const signer = await createCardSigner([pem()]);
    const signatures = await signer.sign(CARD, JKU);
    const hybrid = { ...CARD, url: "https://evil.test", preferredTransport: "JSONRPC", signatures };
    expect((await verify(hybrid, { jwks: signer.jwks })).card).toEqual(CARD);
  });

  it("may be signed with the members of 0.3 in it, which then are covered", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const hybrid = { ...CARD, preferredTransport: "JSONRPC", url: "https://a.test/a2a/echo" };
    const payload = new TextEncoder().encode(
      '{"capabilities":{"pushNotifications":false,"streaming":true},"defaultInputModes":["text/plain"],"defaultOutputModes":["text/plain"],"description":"Says it again","name":"echo","preferredTransport":"JSONRPC","skills":[{"description":"Says it","id":"say","name":"Say","tags":["text"]}],"supportedInterfaces":[{"protocolBinding":"JSONRPC","protocolVersion":"1.0","url":"https://a.test/a2a/echo"}],"url":"https://a.test/a2a/echo","version":"1.0.0"}',
    );
    const jws = await new FlattenedSign(payload).setProtectedHeader({ alg: "EdDSA", kid: "k" }).sign(privateKey);
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "k" }] };
    const signed = { ...hybrid, signatures: [{ protected: jws.protected, signature: jws.signature }] };
    expect((await verify(signed, { jwks })).card).toEqual(hybrid);
    await expect(verify({ ...signed, url: "https://evil.test" }, { jwks })).rejects.toThrow("does not fit");
  });

  it("is verified by any one of its signatures, so that keys can be replaced", async () => {
    const [old, next] = [pem(), pem("ed25519")];
    const both = await createCardSigner([old, next]);
    const card = { ...CARD, signatures: await both.sign(CARD, JKU) };
    for (const single of [old, next])
      expect((await verify(card, { jwks: (await createCardSigner([single])).jwks })).card).toEqual(CARD);
    await expect(verify(card, { jwks: (await createCardSigner([pem()])).jwks })).rejects.toThrow(
      /signature 1.*no set that is trusted.*signature 2/,
    );
  });

  it.each([
    ["no signatures", undefined, "not signed"],
    ["none in the list", [], "not signed"],
    ["what is no signature", [null, { protected: 1 }, "x"], "protected header"],
    ["no algorithm", [{ protected: "eyJhbGciOiJub25lIiwia2lkIjoiayJ9", signature: "" }], "algorithm"],
    ["a shared secret", [{ protected: "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsifQ", signature: "AA" }], "algorithm"],
    ["no key id", [{ protected: "eyJhbGciOiJFUzI1NiJ9", signature: "AA" }], "kid"],
  ])("with %s is refused", async (_, signatures, why) => {
    const { jwks } = await createCardSigner([pem()]);
    await expect(verify({ ...CARD, signatures }, { jwks })).rejects.toThrow(why);
  });
});

describe("where keys are published", () => {
  const published = async () => {
    const signer = await createCardSigner([pem()]);
    return { card: { ...CARD, signatures: await signer.sign(CARD, JKU) }, publisher: world({ [JKU]: signer.jwks }) };
  };

  it("is followed on trusted hosts, and asked once", async () => {
    const { card, publisher } = await published();
    const verifier = createCardVerifier({ jkuHosts: ["a.test"], ...publisher });
    for (let time = 0; time < 3; time += 1) expect((await verifier.verify(card)).card).toEqual(CARD);
    expect(publisher.calls).toEqual([JKU]);
  });

  it("is never followed elsewhere, whatever the card says", async () => {
    const { card, publisher } = await published();
    for (const jkuHosts of [undefined, [], ["b.test"], ["a.test:8443"], ["test"]])
      await expect(verify(card, { jkuHosts }, publisher)).rejects.toThrow("no set that is trusted");
    expect(publisher.calls).toEqual([]);
  });

  it.each([
    "http://a.test/jwks.json",
    "https://user@a.test/jwks.json",
    "https://a.test.evil.test/",
    "file:///a.test",
    "x",
  ])("is not followed to %s", async (jku) => {
    const signer = await createCardSigner([pem()]);
    const publisher = world({ [jku]: signer.jwks });
    const card = { ...CARD, signatures: await signer.sign(CARD, jku) };
    await expect(verify(card, { jkuHosts: ["a.test"] }, publisher)).rejects.toThrow("no set that is trusted");
    expect(publisher.calls).toEqual([]);
  });

  it("is asked again for a key it did not have, at most once a minute", async () => {
    const { card, publisher } = await published();
    const verifier = createCardVerifier({ jkuHosts: ["a.test"], ...publisher });
    await verifier.verify(card);
    const rotated = await createCardSigner([pem()]);
    const next = { ...CARD, signatures: await rotated.sign(CARD, JKU) };
    for (let time = 0; time < 5; time += 1) await expect(verifier.verify(next)).rejects.toThrow("no set");
    expect(publisher.calls).toHaveLength(1);
    publisher.documents[JKU] = rotated.jwks;
    publisher.pass(60_000);
    expect((await verifier.verify(next)).card).toEqual(CARD);
    expect(publisher.calls).toHaveLength(2);
    await expect(verifier.verify(card)).rejects.toMatchObject({ code: "INVALID_AGENT_RESPONSE" });
  });

  it("may be away for an hour once its keys are known", async () => {
    const { card, publisher } = await published();
    const verifier = createCardVerifier({ jkuHosts: ["a.test"], ...publisher });
    await verifier.verify(card);
    delete publisher.documents[JKU];
    publisher.pass(3_600_000);
    expect((await verifier.verify(card)).card).toEqual(CARD);
    publisher.pass(1);
    await expect(verifier.verify(card)).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
  });

  it("does not answer: that is said as it is, and it is left alone for a while", async () => {
    const { card, publisher } = await published();
    delete publisher.documents[JKU];
    const verifier = createCardVerifier({ jkuHosts: ["a.test"], ...publisher });
    for (let time = 0; time < 5; time += 1)
      await expect(verifier.verify(card)).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
    expect(publisher.calls).toHaveLength(1);
  });

  it.each([
    ["no JWKS", { error: "gone" }],
    ["too many keys", { keys: Array.from({ length: 101 }, () => ({})) }],
    ["too much", { keys: [], padding: "x".repeat(300_000) }],
  ])("answers with %s: refused", async (_, document) => {
    const { card, publisher } = await published();
    publisher.documents[JKU] = document;
    await expect(verify(card, { jkuHosts: ["a.test"] }, publisher)).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
  });
});

describe("the reference SDK", () => {
  const keyOf = (signer: { readonly jwks: { readonly keys: readonly JWK[] } }) => async () =>
    signer.jwks.keys[0] as JWK;
  const sdkVerify = (card: unknown, signer: Awaited<ReturnType<typeof createCardSigner>>) =>
    verifyAgentCardSignature(keyOf(signer))(card as AgentCard);

  const sdkSigned = async (card: object) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const sign = generateAgentCardSignature(privateKey, { alg: "ES256", kid: "sdk", typ: "JOSE" });
    const { signatures } = await sign(card as AgentCard);
    return {
      card: {
        ...card,
        signatures: signatures.map(({ protected: header, signature }) => ({ protected: header, signature })),
      },
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: "sdk" }] },
    };
  };

  it("reads our signatures, and we read its, where both forms agree", async () => {
    const signer = await createCardSigner([pem()]);
    await sdkVerify({ ...CARD, signatures: await signer.sign(CARD, JKU) }, signer);
    const { card, jwks } = await sdkSigned(CARD);
    expect((await verify(card, { jwks })).card).toEqual(CARD);
  });

  it("leaves out requirements without scopes and whatever is empty: it reads no signature of such a card, we read its", async () => {
    const signer = await createCardSigner([pem()]);
    const empty = {
      ...CARD,
      description: "",
      capabilities: {},
      skills: [{ ...CARD.skills[0], tags: [], examples: [""] }],
    };
    for (const card of [SECURED, empty]) {
      await expect(sdkVerify({ ...card, signatures: await signer.sign(card, JKU) }, signer)).rejects.toThrow(
        "No valid",
      );
      const its = await sdkSigned(card);
      await verify(its.card, { jwks: its.jwks });
    }
  });

  it("signs no requirement without scopes, so none is handed out, neither its own nor one put in by somebody else", async () => {
    const { card, jwks } = await sdkSigned(CARD);
    const more = { ...card, securityRequirements: [{ schemes: { evil: { list: [] } } }], iconUrl: "" };
    expect((await verify(more, { jwks })).card).toEqual(CARD);
    const real = { ...card, securityRequirements: [{ schemes: { evil: { list: ["a"] } } }] };
    await expect(verify(real, { jwks })).rejects.toThrow("does not fit");
  });

  it("agrees on cards that name the scopes they require, as they came over the wire; of typed ones it leaves out the schemes", async () => {
    const scoped = { ...SECURED, securityRequirements: [{ schemes: { apiKey: { list: ["loan:write"] } } }] };
    const signer = await createCardSigner([pem()]);
    const card = { ...scoped, signatures: await signer.sign(scoped, JKU) };
    await sdkVerify(card, signer);
    await expect(sdkVerify(AgentCard.fromJSON(card), signer)).rejects.toThrow("No valid");
  });
});

describe("signing keys", () => {
  it("are told by their thumbprint", async () => {
    // RFC 7638, 3.1, is the key of an example that is too old to sign with; its thumbprint is what counts here.
    const text = pem();
    const [one, two] = await Promise.all([createCardSigner([text]), createCardSigner([text])]);
    expect(one.jwks).toEqual(two.jwks);
    expect(one.jwks.keys[0]?.kid).toMatch(/^[\w-]{43}$/);
  });

  it("may be JWKs, which may ask for PS256", async () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = JSON.stringify({ ...privateKey.export({ format: "jwk" }), alg: "PS256" });
    const signer = await createCardSigner([jwk]);
    expect(signer.jwks.keys[0]?.alg).toBe("PS256");
    await verify({ ...CARD, signatures: await signer.sign(CARD, JKU) }, { jwks: signer.jwks });
  });

  it("that will not do are refused by their place, and nothing of them is repeated", async () => {
    const good = pem();
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({
      type: "pkcs8",
      format: "pem",
    });
    const publicOnly = generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" });
    for (const bad of [weak, publicOnly, "hunter2-secret", '{"kty":"oct","k":"hunter2-secret"}', ""]) {
      const refused = createCardSigner([good, bad as string]);
      await expect(refused).rejects.toMatchObject({ code: "CONFIG_INVALID" });
      await expect(refused).rejects.toThrow(/^card signing key 2: (?!.*hunter2)/);
    }
    await expect(createCardSigner([good, good])).rejects.toThrow("twice");
  });
});
