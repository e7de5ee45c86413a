import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { createFixture, describeAgent, userMessage } from "../../../test/gateway/gateway-fixture.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";
import { html } from "../pages/html.ts";

it("tells a person what the node is, has and does", async () => {
  const { get, rpc } = createFixture({}, [describeAgent("echo"), describeAgent("other")]);
  await rpc("SendMessage", { ...userMessage("hold"), configuration: { returnImmediately: true } });
  await rpc("SendMessage", userMessage("ask"));
  const response = await get("/", { accept: "text/html,application/xhtml+xml,*/*;q=0.8" });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  const text = await response.text();
  for (const part of [
    "AgentCore 0.1.0",
    "1 running, 1 waiting",
    "operator <strong>local</strong>",
    'href="./a2a/other/.well-known/agent-card.json"',
    'href="./openapi.json"',
    'href="./healthz"',
    "agentcore watch",
  ])
    expect(text).toContain(part);
});

it("tells a program the same in JSON", async () => {
  const { get } = createFixture();
  const response = await get("/", { accept: "application/json" });
  expect(await response.json()).toMatchObject({
    name: "AgentCore",
    version: "0.1.0",
    tenant: "default",
    role: "operator",
    tasks: { running: 0, waiting: 0 },
    agents: [{ name: "echo", card: "./a2a/echo/.well-known/agent-card.json" }],
  });
});

it("shows what agents say of themselves as text, never as markup", async () => {
  const description = `</td><script>alert("1")</script><img src=x onerror='alert(1)'>`;
  const { get } = createFixture({}, [describeAgent("echo", { description })]);
  const text = await (await get("/")).text();
  expect(text).not.toMatch(/<script|<img|<\/td><\/td>/);
  expect(text).toContain(
    "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;",
  );
  expect(html`<a title="${'" onclick="x'}">${[html`<b>${"<"}</b>`]}</a>`.text).toBe(
    '<a title="&quot; onclick=&quot;x"><b>&lt;</b></a>',
  );
});

it("allows its own style and nothing else", async () => {
  const response = await createFixture().get("/");
  const policy = response.headers.get("content-security-policy") ?? "";
  const text = await response.text();
  const style = /<style>([^<]*)<\/style>/.exec(text)?.[1] ?? "";
  expect(policy).toContain(`style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  expect(text).not.toMatch(/<script|style="|<link|<img|\ssrc=/);
});

it("with keys, tells who comes without one how to come with one, and each what is its own", async () => {
  const key = "k".repeat(20);
  const { get } = createFixture({ apiKeys: parseApiKeys([`${key} caller=ann`]) });
  const refused = await get("/", { accept: "text/html" });
  expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="agentcore"']);
  const text = await refused.text();
  expect(text).toContain("Authorization: Bearer");
  expect(text).not.toContain("echo");
  expect((await (await get("/", { accept: "application/json" })).json()).error.code).toBe("UNAUTHENTICATED");
  expect(await (await get("/", { "x-api-key": key })).text()).toContain("caller <strong>ann</strong>");
});
