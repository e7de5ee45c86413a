import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { ModelSpec } from "@agentcore/contract";
import { afterEach, describe, expect, test } from "vitest";
import { createTargetCaller } from "../call/create-target-caller.ts";
import { targetsOf } from "../names/targets-of.ts";
import { answering, type FakeBehaviour, startFakeModelServer } from "../testing/fake-model-server.ts";
import { openaiDialect } from "../testing/openai-dialect.ts";
import { notInstalled, openTarget } from "./open-provider.ts";
import { PROVIDER_PACKAGES } from "./provider-packages.ts";
import { PROVIDERS } from "./providers.ts";
import { RunningModels } from "./running-models.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const ENV = {
  THE_KEY: "secret-key",
  OTHER_KEY: "other-secret",
  AWS_ACCESS_KEY_ID: "id",
  AWS_SECRET_ACCESS_KEY: "sign",
};

/** Calls what the manifest says, at a server that answers so; gives what it was asked. */
const ask = async (spec: Record<string, unknown>, behaviour: FakeBehaviour, path = "") => {
  const { baseUrl, requests, close } = await startFakeModelServer({ ...openaiDialect, basePath: path }, behaviour);
  closers.push(close);
  const [target] = targetsOf("desk", ModelSpec.parse({ model: "m", baseUrl, ...spec }), ENV);
  if (target === undefined) throw new Error("a name has a target");
  const { response } = await createTargetCaller({ env: ENV }).call(
    target,
    { messages: [{ role: "user", content: "hi" }], maxOutputTokens: 9 },
    { signal: new AbortController().signal },
  );
  return { response, request: requests[0] ?? { path: "", headers: {}, body: {} } };
};

const json =
  (body: unknown) =>
  ({ response }: { response: ServerResponse }): void =>
    void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));

const FINE = { text: "fine", usage: { inputTokens: 7, outputTokens: 3 } };

describe("on the wire", () => {
  test("Google is asked at generateContent, with its key in a header", async () => {
    const { response, request } = await ask(
      { provider: "google", model: "gemini-3-flash", apiKeyEnv: "THE_KEY" },
      json({
        candidates: [{ content: { role: "model", parts: [{ text: "fine" }] }, finishReason: "STOP", index: 0 }],
        usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 },
      }),
    );
    expect(response).toMatchObject({ ...FINE, finishReason: "stop", model: "google/gemini-3-flash" });
    expect(request.path).toBe("/v1beta/models/gemini-3-flash:generateContent");
    expect(request.headers).toMatchObject({ "x-goog-api-key": "secret-key" });
    expect(request.body).toMatchObject({ generationConfig: { maxOutputTokens: 9 } });
  });

  test("Mistral is asked for chat completions", async () => {
    const spec = { provider: "mistral", apiKeyEnv: "THE_KEY" };
    const { response, request } = await ask(spec, answering({ text: "fine" }), "/v1");
    expect(response).toMatchObject(FINE);
    expect([request.path, request.headers.authorization]).toEqual(["/v1/chat/completions", "Bearer secret-key"]);
  });

  test("Azure is asked by deployment, with its key in api-key", async () => {
    const spec = { provider: "azure", model: "our-deployment", apiKeyEnv: "THE_KEY" };
    const { response, request } = await ask(spec, answering({ text: "fine" }), "/openai/v1");
    expect(response).toMatchObject(FINE);
    expect([request.path, request.headers["api-key"]]).toEqual(["/openai/v1/chat/completions", "secret-key"]);
    expect(request.body).toMatchObject({ model: "our-deployment" });
  });

  test("Azure is asked at the deployment's own path where the version is a date", async () => {
    const spec = {
      provider: "azure",
      model: "ours",
      apiKeyEnv: "THE_KEY",
      settings: { apiVersion: "2025-04-01-preview" },
    };
    const { request } = await ask(spec, answering({ text: "fine" }), "/openai");
    expect(request.path).toBe("/openai/deployments/ours/chat/completions?api-version=2025-04-01-preview");
  });

  const converse = json({
    output: { message: { role: "assistant", content: [{ text: "fine" }] } },
    ...{
      stopReason: "end_turn",
      usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
      metrics: { latencyMs: 1 },
    },
  });

  test("Bedrock is asked to converse, with its key, or signed", async () => {
    const spec = { provider: "bedrock", model: "a.b-v1:0", settings: { region: "eu-central-1" } };
    const keyed = await ask({ ...spec, apiKeyEnv: "THE_KEY" }, converse);
    expect(keyed.response).toMatchObject(FINE);
    expect([keyed.request.path, keyed.request.headers.authorization]).toEqual([
      "/model/a.b-v1%3A0/converse",
      "Bearer secret-key",
    ]);
    const signed = await ask(spec, converse);
    expect(signed.response).toMatchObject(FINE);
    expect(signed.request.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/eu-central-1\/bedrock\/aws4_request/,
    );
  });

  test("OpenAI is told the organisation and project of the settings", async () => {
    const settings = { organization: "org-1", project: "proj_2" };
    const { request } = await ask({ provider: "openai", apiKeyEnv: "THE_KEY", settings }, answering({ text: "fine" }));
    expect(request.headers).toMatchObject({ "openai-organization": "org-1", "openai-project": "proj_2" });
  });

  test("Portkey gets its own key and what it is to ask in headers", async () => {
    const headers = { "x-portkey-api-key": { env: "OTHER_KEY" }, "x-portkey-provider": "@openai-prod" };
    const { response, request } = await ask({ apiKeyEnv: "THE_KEY", headers }, answering({ text: "fine" }), "/v1");
    expect(response).toMatchObject(FINE);
    expect(request.path).toBe("/v1/chat/completions");
    expect(request.headers).toMatchObject({
      ...{
        authorization: "Bearer secret-key",
        "x-portkey-api-key": "other-secret",
        "x-portkey-provider": "@openai-prod",
      },
    });
  });

  test("LiteLLM gets its key as OpenAI would, and tags in a header", async () => {
    const headers = { "x-litellm-tags": "desk,eu" };
    const spec = { model: "anthropic/claude-sonnet-4-5", apiKeyEnv: "THE_KEY", headers };
    const { request } = await ask(spec, answering({ text: "fine" }));
    expect(request.path).toBe("/chat/completions");
    expect(request.headers).toMatchObject({ authorization: "Bearer secret-key", "x-litellm-tags": "desk,eu" });
    expect(request.body).toMatchObject({ model: "anthropic/claude-sonnet-4-5" });
  });

  test.each([
    ["ollama", "", "/v1/chat/completions"],
    ["ollama", "/v1", "/v1/chat/completions"],
    ["anthropic", "", "/v1/messages"],
    ["anthropic", "/gateway/", "/gateway/messages"],
  ])("the address of %s may be given with %j as its path", async (provider, path, expected) => {
    const asked: string[] = [];
    await ask(
      { provider, apiKeyEnv: "THE_KEY" },
      (exchange) => {
        asked.push(exchange.request.path);
        exchange.response.writeHead(400).end();
      },
      path,
    ).catch(() => undefined);
    expect(asked).toEqual([expected]);
  });
});

describe("a provider's own address", () => {
  test.each([
    ["openai", {}, "https://api.openai.com/v1"],
    ["anthropic", {}, "https://api.anthropic.com/v1"],
    ["google", {}, "https://generativelanguage.googleapis.com/v1beta"],
    ["mistral", {}, "https://api.mistral.ai/v1"],
    ["ollama", {}, "http://127.0.0.1:11434"],
    ["azure", { resourceName: "ours" }, "https://ours.openai.azure.com/openai"],
    ["azure", {}, undefined],
    ["bedrock", { region: "eu-central-1" }, "https://bedrock-runtime.eu-central-1.amazonaws.com"],
    ["bedrock", { region: "cn-north-1" }, "https://bedrock-runtime.cn-north-1.amazonaws.com.cn"],
    ["bedrock", {}, undefined],
    ["openai-compatible", {}, undefined],
  ] as const)("of %s with %j is %s", (provider, settings, expected) => {
    expect(PROVIDERS[provider].ownBaseUrl(settings)).toBe(expected);
  });

  test.each(["evil.test/", "a.b", "a@b", "", "x/../y"])("is led nowhere else by the setting %j", (value) => {
    expect(PROVIDERS.azure.settings["resourceName"]?.pattern.test(value)).toBe(false);
    expect(PROVIDERS.bedrock.settings["region"]?.pattern.test(value)).toBe(false);
  });
});

describe("a package", () => {
  const read = (path: string) =>
    JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as Record<string, Record<string, unknown>>;

  test("is named in the version that the repository tests with, and only one of them comes along", () => {
    const { dependencies = {}, devDependencies, ...peer } = read("../../package.json");
    const { "@ai-sdk/openai-compatible": compatible, ...optional } = PROVIDER_PACKAGES;
    expect(dependencies["@ai-sdk/openai-compatible"]).toBe(compatible);
    expect(peer["peerDependencies"]).toEqual(optional);
    expect(Object.keys(peer["peerDependenciesMeta"] ?? {})).toEqual(Object.keys(optional));
    expect(devDependencies).toEqual(optional);
  });

  test("and the variables of each provider stand in the documents", () => {
    const document = (name: string) => readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), "utf8");
    const [models, configuration] = [document("models.md"), document("configuration.md")];
    for (const [name, provider] of Object.entries(PROVIDERS)) {
      const { keyVariable, baseUrlVariable, credentialVariables = [], settings } = provider;
      const row = models.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
      const isOptional = provider.package !== "@ai-sdk/openai-compatible";
      expect(row).toContain(isOptional ? `\`${provider.package}@${PROVIDER_PACKAGES[provider.package]}\`` : "| none |");
      const ofSettings = Object.values(settings).map(({ variable }) => variable);
      const variables = [keyVariable, baseUrlVariable, ...ofSettings, ...credentialVariables.map((each) => each.name)];
      for (const variable of variables) {
        if (variable === undefined) continue;
        expect(row).toContain(`\`${variable}\``);
        expect(configuration).toContain(`\`${variable}\``);
      }
      for (const setting of Object.keys(settings)) expect(row).toContain(`\`${setting}\``);
    }
  });

  const [target] = targetsOf("anthropic/claude-sonnet-4-5", null, { ANTHROPIC_API_KEY: "k" });
  if (target === undefined) throw new Error("a name has a target");

  test("that is not there is named with the command that installs it", () => {
    expect(notInstalled(target)).toMatchObject({
      code: "NOT_INSTALLED",
      message: `model "anthropic/claude-sonnet-4-5" needs the package @ai-sdk/anthropic: npm install @ai-sdk/anthropic@${PROVIDER_PACKAGES["@ai-sdk/anthropic"]}`,
    });
  });

  test("is loaded for each provider, and speaks the version of the interface that we call", async () => {
    for (const provider of Object.keys(PROVIDERS) as (keyof typeof PROVIDERS)[]) {
      const { models: [model = "m"] = [] } = PROVIDERS[provider];
      const running = new RunningModels();
      const { languageModel, embeddingModel } = await openTarget(
        { ...target, provider, model },
        {
          ...{ baseUrl: "http://127.0.0.1:1", apiKey: "k", credentials: {}, headers: {}, settings: {}, fetch, running },
        },
      );
      expect((languageModel ?? embeddingModel)?.specificationVersion).toBe("v4");
      await running.close();
    }
  });
});
