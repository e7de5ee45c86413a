import { ModelSpec } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import { describe, expect, test } from "vitest";
import { targetsOf } from "./targets-of.ts";

const declared = (spec: Record<string, unknown>, env: Record<string, string> = {}) =>
  targetsOf("desk", ModelSpec.parse(spec), env);

const refusal = (name: string, env: Record<string, string>): unknown => {
  try {
    return targetsOf(name, null, env);
  } catch (error) {
    if (!PlatformError.is(error) || error.code !== "MODEL_NOT_CONFIGURED") throw error;
    return error.message;
  }
};

describe("a manifest", () => {
  test("with one host and one key is one target under its name", () => {
    const spec = {
      baseUrl: "https://models.test/v1",
      model: "large-1",
      apiKeyEnv: "A_KEY",
      timeoutMs: 5_000,
      quality: 0.9,
    };
    expect(declared(spec)).toMatchObject([
      {
        ...{ id: "desk", name: "desk", provider: "openai-compatible", model: "large-1", apiKeyEnv: "A_KEY" },
        ...{
          baseUrl: "https://models.test/v1",
          isDeclared: true,
          timeoutMs: 5_000,
          firstTokenTimeoutMs: 5_000,
          quality: 0.9,
        },
      },
    ]);
  });

  test("with hosts and keys is one target for each pair, numbered in their order", () => {
    const hosts = ["http://10.0.0.1/v1", "http://10.0.0.2/v1"];
    const targets = declared({ hosts, model: "m", apiKeyEnvs: ["A_KEY", "B_KEY"] });
    expect(targets.map(({ id, baseUrl, apiKeyEnv }) => [id, baseUrl, apiKeyEnv])).toEqual([
      ["desk#1", hosts[0], "A_KEY"],
      ["desk#2", hosts[0], "B_KEY"],
      ["desk#3", hosts[1], "A_KEY"],
      ["desk#4", hosts[1], "B_KEY"],
    ]);
  });

  test("without a key takes the provider's own, where the provider is by itself or the environment says", () => {
    const env = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "http://10.0.0.9/v1" };
    expect(declared({ provider: "openai", model: "gpt-5-mini" }, env)).toMatchObject([
      { apiKeyEnv: "OPENAI_API_KEY", baseUrl: "http://10.0.0.9/v1", isDeclared: false },
    ]);
    const [elsewhere] = declared({ provider: "openai", model: "m", baseUrl: "https://else.test/v1" }, env);
    expect(elsewhere).toMatchObject({ isDeclared: true, apiKeyEnv: undefined });
    const [resource] = declared({ provider: "azure", model: "m", settings: { resourceName: "theirs" } }, env);
    expect(resource).toMatchObject({ isDeclared: true, apiKeyEnv: undefined });
  });

  test("takes settings that it does not say from the environment", () => {
    const env = { AWS_REGION: "eu-central-1", AZURE_RESOURCE_NAME: "ours" };
    expect(declared({ provider: "bedrock", model: "m" }, env)[0]?.settings).toEqual({ region: "eu-central-1" });
    expect(declared({ provider: "bedrock", model: "m", settings: { region: "us-east-1" } }, env)[0]?.settings).toEqual({
      region: "us-east-1",
    });
    expect(declared({ provider: "azure", model: "m" }, env)[0]).toMatchObject({
      ...{ settings: { resourceName: "ours" }, apiKeyEnv: "AZURE_API_KEY", isDeclared: false },
    });
  });

  test("with candidates is nothing that can be called", () => {
    expect(() => declared({ candidates: [{ model: "openai/a" }] })).toThrow(/choice among candidates/);
  });
});

describe("provider/model", () => {
  test.each([
    [
      "openai/gpt-5-mini",
      { OPENAI_API_KEY: "k" },
      { provider: "openai", model: "gpt-5-mini", apiKeyEnv: "OPENAI_API_KEY" },
    ],
    [
      "anthropic/claude-sonnet-4-5",
      { ANTHROPIC_API_KEY: "k" },
      { provider: "anthropic", apiKeyEnv: "ANTHROPIC_API_KEY" },
    ],
    ["google/gemini-3-flash", { GOOGLE_GENERATIVE_AI_API_KEY: "k" }, { apiKeyEnv: "GOOGLE_GENERATIVE_AI_API_KEY" }],
    ["mistral/small", { MISTRAL_API_KEY: "k" }, { provider: "mistral", apiKeyEnv: "MISTRAL_API_KEY" }],
    ["azure/chat", { AZURE_API_KEY: "k", AZURE_RESOURCE_NAME: "ours" }, { settings: { resourceName: "ours" } }],
    [
      "bedrock/a.b-v1:0",
      { AWS_BEARER_TOKEN_BEDROCK: "k", AWS_REGION: "us-east-1" },
      { apiKeyEnv: "AWS_BEARER_TOKEN_BEDROCK" },
    ],
    [
      "bedrock/a.b-v1:0",
      { AWS_ACCESS_KEY_ID: "i", AWS_SECRET_ACCESS_KEY: "s", AWS_REGION: "us-east-1" },
      { model: "a.b-v1:0", apiKeyEnv: undefined, settings: { region: "us-east-1" } },
    ],
    ["ollama/llama3.2:1b", {}, { provider: "ollama", model: "llama3.2:1b", apiKeyEnv: undefined, baseUrl: undefined }],
    ["ollama/llama3.2:1b", { OLLAMA_BASE_URL: "http://gpu:11434" }, { baseUrl: "http://gpu:11434" }],
    [
      "openai-compatible/org/tiny",
      { AGENTCORE_MODEL_URL: "http://gpu/v1" },
      { model: "org/tiny", apiKeyEnv: undefined },
    ],
    [
      "openai-compatible",
      { AGENTCORE_MODEL_URL: "http://gpu/v1", AGENTCORE_MODEL: "small", AGENTCORE_MODEL_KEY: "k" },
      { baseUrl: "http://gpu/v1", model: "small", apiKeyEnv: "AGENTCORE_MODEL_KEY" },
    ],
  ])("%s is what the environment says", (name, env, expected) => {
    expect(targetsOf(name, null, env)).toMatchObject([
      { id: name, name, isDeclared: false, timeoutMs: 120_000, ...expected },
    ]);
  });

  test.each([
    ["desk", {}, /"desk" is not configured: apply a Model manifest.*AGENTCORE_MODEL_URL/],
    ["groq/llama", {}, /provider is openai, anthropic, google/],
    ["openai", {}, /use provider\/model/],
    ["openai/gpt-5-mini", {}, /set OPENAI_API_KEY$/],
    ["anthropic/claude-sonnet-4-5", {}, /set ANTHROPIC_API_KEY$/],
    ["google/gemini-3-flash", {}, /set GOOGLE_GENERATIVE_AI_API_KEY$/],
    ["mistral/small", {}, /set MISTRAL_API_KEY$/],
    ["azure/chat", {}, /set AZURE_API_KEY and AZURE_RESOURCE_NAME$/],
    [
      "bedrock/a",
      { AWS_ACCESS_KEY_ID: "i" },
      /set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY and AWS_REGION$/,
    ],
    ["openai-compatible/x", {}, /set AGENTCORE_MODEL_URL/],
    ["openai-compatible", { AGENTCORE_MODEL_URL: "http://127.0.0.1:1" }, /set AGENTCORE_MODEL$/],
  ])("%s without what it needs says what to set", (name, env, message) => {
    expect(refusal(name, env)).toMatch(message);
  });

  test("a name under which what it costs could not be counted is none", () => {
    const env = { AGENTCORE_MODEL_URL: "http://127.0.0.1:1" };
    expect(refusal(`openai-compatible/${"x".repeat(600)}`, env)).toMatch(/at most 256 characters$/);
    expect(refusal("openai-compatible/\ud800", env)).toMatch(/well-formed/);
  });

  test.each([
    "../../secret",
    "gemini/../../x",
    "gemini/..",
    "./x",
    "gemini/%2e%2e/x",
    "x?key=",
    "x#",
    "x\\..\\y",
    "x\r\ny: z",
  ])("a name that leads elsewhere at its provider, as %j, is none: providers put it into their address", (model) => {
    const env = { GOOGLE_GENERATIVE_AI_API_KEY: "key", AGENTCORE_MODEL_URL: "http://127.0.0.1:1" };
    for (const provider of ["google", "openai-compatible"])
      expect(refusal(`${provider}/${model}`, env)).toMatch(/expected no \.\., \?, #, % or \\ in it/);
  });

  test("a name may have dots, slashes and colons", () => {
    const env = { AGENTCORE_MODEL_URL: "http://127.0.0.1:1" };
    for (const model of ["gpt-4.1..x", "hf.co/a/B-2.5:Q4_K_M", "arn:aws:bedrock:us-east-1::x/y", "@cf/meta/llama"])
      expect(targetsOf(`openai-compatible/${model}`, null, env)[0]?.model).toBe(model);
  });
});
