import { API_VERSION, ModelManifest, PlatformError } from "@agentcore/contract";
import { describe, expect, test } from "vitest";
import { checkModel } from "./check-model.ts";

const model = (spec: Record<string, unknown>): ModelManifest =>
  ModelManifest.parse({
    apiVersion: API_VERSION,
    kind: "Model",
    metadata: { name: "m" },
    spec: { baseUrl: "https://models.test/v1", model: "m", ...spec },
  });

const refused = (spec: Record<string, unknown>, { tenantId = "default", allowPrivate = false } = {}) => {
  try {
    checkModel(tenantId, model(spec), allowPrivate);
    return [];
  } catch (error) {
    if (!PlatformError.is(error)) throw error;
    return (error.violations ?? []).map(({ field }) => field);
  }
};

describe("an address", () => {
  test.each([
    "http://169.254.169.254/v1",
    "http://2852039166/v1",
    "http://0xa9fea9fe/v1",
    "http://0251.0376.0251.0376/v1",
    "http://169.254.43518/v1",
    "http://[::ffff:169.254.169.254]/v1",
    "http://[::ffff:a9fe:a9fe]/v1",
    "http://[64:ff9b::169.254.169.254]/v1",
    "http://[2002:a9fe:a9fe::1]/v1",
    "http://[fe80::1]/v1",
    "http://[febf::1]/v1",
    "http://[fd00:ec2::254]/v1",
    "http://0.0.0.0/v1",
    "http://0/v1",
    "http://[::]/v1",
    "http://100.100.100.200/v1",
    "https://169.254.169.254./v1",
    "http://255.255.255.255/v1",
  ])("%s is refused, whatever is allowed", (baseUrl) => {
    expect(refused({ baseUrl })).toEqual(["spec.baseUrl"]);
    expect(refused({ baseUrl }, { allowPrivate: true })).toEqual(["spec.baseUrl"]);
  });

  test.each([
    "http://10.0.0.8/v1",
    "http://172.20.1.1/v1",
    "https://192.168.1.9/v1",
    "http://100.64.0.1/v1",
    "http://[fd12::1]/v1",
  ])("%s is for nodes that allow private networks", (baseUrl) => {
    expect(refused({ baseUrl })).toEqual(["spec.baseUrl"]);
    expect(refused({ baseUrl, apiKeyEnv: "MODEL_KEY" }, { allowPrivate: true })).toEqual([]);
  });

  test.each([
    "http://127.0.0.1:11434/v1",
    "http://127.9.9.9/v1",
    "http://[::1]:8080/v1",
    "http://localhost:1234/v1",
    "http://[::ffff:127.0.0.1]/v1",
  ])("%s is this machine, where local models are", (baseUrl) => {
    expect(refused({ baseUrl, apiKeyEnv: "MODEL_KEY" })).toEqual([]);
  });

  test("elsewhere takes a key over https only", () => {
    expect(refused({ baseUrl: "http://8.8.8.8/v1" })).toEqual([]);
    expect(refused({ baseUrl: "http://8.8.8.8/v1", apiKeyEnv: "MODEL_KEY" })).toEqual(["spec.baseUrl"]);
    expect(refused({ baseUrl: "http://8.8.8.8/v1", headers: { "x-api-key": { env: "MODEL_KEY" } } })).toEqual([
      "spec.baseUrl",
    ]);
    expect(refused({ baseUrl: "https://8.8.8.8/v1", apiKeyEnv: "MODEL_KEY" })).toEqual([]);
  });

  test.each(["ftp://models.test", "https://user:pass@models.test/v1"])("%s is refused under its name", (baseUrl) => {
    expect(refused({ baseUrl })).toEqual(["spec.baseUrl"]);
  });
});

describe("a variable", () => {
  test("of the platform is nobody's, but for the model's", () => {
    expect(refused({ apiKeyEnv: "AGENTCORE_API_KEY" })).toEqual(["spec.apiKeyEnv"]);
    expect(refused({ apiKeyEnv: "AGENTCORE_MODEL_KEY" })).toEqual([]);
  });

  test("belongs to the tenant it is named after (I7)", () => {
    expect(refused({ apiKeyEnv: "OPENAI_API_KEY" }, { tenantId: "acme" })).toEqual(["spec.apiKeyEnv"]);
    expect(refused({ headers: { "x-auth": { env: "OPENAI_API_KEY" } } }, { tenantId: "acme" })).toEqual([
      "spec.headers.x-auth.env",
    ]);
    expect(refused({ apiKeyEnv: "ACME__MODEL_KEY" }, { tenantId: "acme" })).toEqual([]);
    expect(refused({ apiKeyEnv: "ACME_LABS__MODEL_KEY" }, { tenantId: "acme" })).toEqual(["spec.apiKeyEnv"]);
    expect(refused({ apiKeyEnv: "ACME_LABS__MODEL_KEY" }, { tenantId: "acme-labs" })).toEqual([]);
    expect(refused({ apiKeyEnv: "ACME__MODEL_KEY" })).toEqual(["spec.apiKeyEnv"]);
  });
});
