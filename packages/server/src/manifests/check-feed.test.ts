import { AgentManifest } from "@agentcore/contract";
import { expect, test } from "vitest";
import { checkFeed } from "./check-feed.ts";

const check = (options: object, { tenantId = "default", allowPrivate = false } = {}): Promise<void> => {
  const standard = { name: "websocket-feed", options: { topic: "shop.told", ...options } };
  const manifest = { apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name: "shop" }, spec: { standard } };
  return checkFeed(tenantId, AgentManifest.parse(manifest), allowPrivate);
};

test.each([
  [{ url: "https://shop.example" }, "spec.standard.options.url", "expected a ws://"],
  [{ url: "ws://10.1.2.3" }, "spec.standard.options.url", "--allow-private-agents"],
  [{ url: "ws://93.184.216.34", headers: { "x-key": { env: "SHOP_KEY" } } }, "spec.standard.options.url", "https"],
  [
    { url: "wss://shop.example", opening: [{ send: { key: { env: "ACME__SHOP_KEY" } } }] },
    "spec.standard.options.opening[0].send.key.env",
    "neither the platform's nor another tenant's",
  ],
  [{ url: "wss://shop.example", resume: [{ send: "x" }] }, "spec.standard.options.resume", "expected a position"],
  [{ url: "wss://shop.example", position: "id" }, "spec.standard.options.position", "expected resume"],
  [
    { url: "wss://shop.example", acknowledge: { key: { env: "SHOP_KEY" } } },
    "spec.standard.options.acknowledge",
    "secrets in opening and resume alone",
  ],
])("what a feed may not be is refused with its place: %j", async (options, field, why) => {
  await expect(check(options)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    violations: expect.arrayContaining([{ field, description: expect.stringContaining(why) }]),
  });
});

test("what it may be passes, by what its node and its tenant are allowed", async () => {
  const opening = [{ send: { key: { env: "ACME__SHOP_KEY" } } }];
  await check({ url: "wss://shop.example", opening }, { tenantId: "acme" });
  await check({ url: "ws://10.1.2.3" }, { allowPrivate: true });
  await check({ url: "ws://127.0.0.1:9000", headers: { "x-key": { env: "SHOP_KEY" } } });
});
