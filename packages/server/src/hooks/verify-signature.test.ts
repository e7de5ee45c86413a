import { createHmac } from "node:crypto";
import { hookOf } from "@agentcore/agents";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hookSecrets } from "./hook-secrets.ts";
import { isSigned } from "./verify-signature.ts";

const SECRET = "0123456789abcdef-of-a-hook";
const NOW = 1_760_000_000_000;

interface Delivery {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly secret?: string;
  readonly now?: number;
}

/** As the door judges it. */
const judge = (signature: unknown, { headers = {}, body = "", secret = SECRET, now = NOW }: Delivery, id?: unknown) => {
  const hook = hookOf({ topic: "t", secrets: ["S"], signature, ...(id === undefined ? {} : { id }) });
  const { keys } = hookSecrets(hook, { S: secret });
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const idHeader = typeof hook.id === "object" && "header" in hook.id ? hook.id.header : undefined;
  const { signature: form, toleranceMs } = hook;
  return isSigned({ headers: new Headers(headers), body: bytes, idHeader }, { form, keys, toleranceMs, now });
};
const hmac = (text: string | Uint8Array, secret = SECRET): string =>
  createHmac("sha256", secret).update(text).digest("hex");

test("GitHub's own example is good, and with one letter changed it is not", () => {
  // docs.github.com, "Validating webhook deliveries".
  const given = {
    headers: { "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17" },
    secret: "It's a Secret to Everybody",
  };
  expect(judge("github", { ...given, body: "Hello, World!" })).toBe(true);
  expect(judge("github", { ...given, body: "Hello, World?" })).toBe(false);
  expect(judge("github", { ...given, body: "Hello, World!", secret: "It's a Secret to Nobody.." })).toBe(false);
});

test("the example of Standard Webhooks is good within its minutes, and only with its id and time", () => {
  const headers = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,bm90IHRoaXM= v1a,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  };
  const given = { body: '{"test": 2432232314}', secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
  const at = (seconds: number, more: object = {}): boolean =>
    judge("standard-webhooks", { ...given, headers: { ...headers, ...more }, now: (1_614_265_330 + seconds) * 1000 });
  expect([0, 300, -300].map((seconds) => at(seconds))).toEqual([true, true, true]);
  expect([301, -301].map((seconds) => at(seconds))).toEqual([false, false]);
  expect(at(0, { "webhook-id": "msg_other" })).toBe(false);
  for (const timestamp of ["1614265331", "", "16e8", "-1614265330"])
    expect(at(0, { "webhook-timestamp": timestamp })).toBe(false);
});

test("Stripe's header may have several signatures, and its time is part of what is signed", () => {
  const t = NOW / 1000;
  const body = '{"id":"evt_1"}';
  const header = (...signatures: readonly string[]) => ({
    "stripe-signature": [`t=${t}`, ...signatures].join(","),
  });
  const good = `v1=${hmac(`${t}.${body}`)}`;
  expect(judge("stripe", { headers: header(good), body })).toBe(true);
  expect(judge("stripe", { headers: header(`v1=${hmac("x")}`, good, "v0=old"), body })).toBe(true);
  expect(judge("stripe", { headers: header(good.replace("v1", "v0")), body })).toBe(false);
  expect(judge("stripe", { headers: { "stripe-signature": good }, body })).toBe(false);
  expect(judge("stripe", { headers: header(good), body, now: NOW + 300_001 })).toBe(false);
});

test("a form of one's own: another header, encoding, algorithm and text; a token is the secret itself", () => {
  const form = { header: "x-sign", prefix: "v0=", signed: "v0:{timestamp}:{body}", timestamp: { header: "x-time" } };
  const t = String(NOW / 1000);
  expect(judge(form, { headers: { "x-sign": `v0=${hmac(`v0:${t}:hi`)}`, "x-time": t }, body: "hi" })).toBe(true);
  const other = { header: "x-sign", algorithm: "sha512", encoding: "base64" };
  const sum = createHmac("sha512", SECRET).update("hi").digest("base64");
  expect(judge(other, { headers: { "x-sign": sum }, body: "hi" })).toBe(true);
  expect(judge(other, { headers: { "x-sign": hmac("hi") }, body: "hi" })).toBe(false);
  const token = { token: "x-gitlab-token" };
  expect(judge(token, { headers: { "x-gitlab-token": SECRET } })).toBe(true);
  expect(judge(token, { headers: { "x-gitlab-token": `${SECRET}x` } })).toBe(false);
  expect(judge(token, {})).toBe(false);
});

test("what was not signed to the byte is refused, whatever was sent", () => {
  const form = { header: "x-sign", prefix: "sha256=" };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 }), (signed, sent) => {
      const isSame = Buffer.compare(signed, sent) === 0;
      expect(judge(form, { headers: { "x-sign": `sha256=${hmac(signed)}` }, body: signed })).toBe(true);
      expect(judge(form, { headers: { "x-sign": `sha256=${hmac(signed)}` }, body: sent })).toBe(isSame);
    }),
  );
  const byte = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 300 }), (letters) => {
      expect(judge(form, { headers: { "x-sign": letters.join("") }, body: "hi" })).toBe(false);
      expect(judge("stripe", { headers: { "stripe-signature": letters.join("") }, body: "hi" })).toBe(false);
    }),
  );
  expect(judge(form, { headers: { "x-sign": `sha256=${hmac("hi")}00` }, body: "hi" })).toBe(false);
});

test("options that would keep nobody out are refused with their place", () => {
  const of = (more: object) => () => hookOf({ topic: "t", secrets: ["S"], ...more });
  const form = { header: "x-sign" };
  expect(of({ signature: { ...form, signed: "fixed" } })).toThrow("signature.signed: expected {body}");
  expect(of({ signature: { ...form, timestamp: { header: "x-time" } } })).toThrow("expected {timestamp} in it");
  expect(of({ signature: { ...form, signed: "{timestamp}{body}" } })).toThrow("expected a timestamp beside it");
  expect(of({ signature: { ...form, signed: "{id}.{body}" } })).toThrow("id: expected { header }");
  expect(of({ signature: "github", secrets: [] })).toThrow("secrets");
  expect(of({ signature: "github", topic: "github.*" })).toThrow("topic");
});

test("a secret that is short, absent or not in base64 counts for nothing", () => {
  const usable = (signature: "github" | "standard-webhooks", value: string | undefined) =>
    hookSecrets(hookOf({ topic: "t", secrets: ["S"], signature }), { S: value }).keys.length;
  expect([undefined, "", "fifteen-letters", SECRET].map((value) => usable("github", value))).toEqual([0, 0, 0, 1]);
  const base64 = Buffer.from(SECRET).toString("base64");
  expect([SECRET, "whsec_", base64, `whsec_${base64}`].map((value) => usable("standard-webhooks", value))).toEqual([
    0, 0, 1, 1,
  ]);
});
