import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createFnvDigest, ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { ConsentRecords } from "./consent-records.ts";
import { Consents } from "./consents.ts";

const at = (address: string) => {
  const clock = new ManualClock();
  const digest = createFnvDigest();
  const consents = new Consents({
    ...{ records: new ConsentRecords(createMemoryKeyValue({ clock }), clock, digest), sha256: digest.sha256 },
    declared: () => Promise.reject(new Error("not asked")),
    ...{ ids: { secret: () => "0".repeat(64) } as never, now: () => 0, address: () => address },
    ...{ readFor: () => () => "", onKept: () => Promise.resolve() },
  });
  const http = { url: "https://desk.example/mcp", auth: { authorizationCode: {} } };
  return consents.at({ tenantId: "acme", caller: "ann" }, "desk", { http })?.terms;
};

test("a node below a path of its address is known to authorization servers by its document below that path", () => {
  expect(at("https://node.example/agents/")).toMatchObject({
    redirectUrl: "https://node.example/agents/oauth/callback",
    clientMetadataUrl: "https://node.example/agents/oauth/client.json",
  });
  expect(at("http://127.0.0.1:4700")?.clientMetadataUrl).toBeUndefined();
});
