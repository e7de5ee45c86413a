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

  test("with a user in it is refused under its name, and one that is not http by the schema", () => {
    expect(refused({ baseUrl: "https://user:pass@models.test/v1" })).toEqual(["spec.baseUrl"]);
    expect(() => model({ baseUrl: "ftp://models.test" })).toThrow(/expected an http/);
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

describe("a provider", () => {
  const OF_PROVIDER = { baseUrl: undefined };
  const ACME = { tenantId: "acme" };

  test.each(["openai", "anthropic", "google", "mistral", "azure", "bedrock"])(
    "%s is called with the node's own key for the default tenant alone (I7)",
    (provider) => {
      expect(refused({ ...OF_PROVIDER, provider })).toEqual([]);
      expect(refused({ ...OF_PROVIDER, provider }, ACME)).toEqual(["spec.apiKeyEnv"]);
      expect(refused({ ...OF_PROVIDER, provider, apiKeyEnv: "ACME__KEY" }, ACME)).toEqual([]);
    },
  );

  test("needs a key that is named where the manifest says where it is", () => {
    expect(refused({ provider: "openai" })).toEqual(["spec.apiKeyEnv"]);
    expect(refused({ provider: "openai", apiKeyEnv: "OPENAI_API_KEY" })).toEqual([]);
    expect(refused({ ...OF_PROVIDER, provider: "azure", settings: { resourceName: "ours" } })).toEqual([
      "spec.apiKeyEnv",
    ]);
    expect(refused({ provider: "ollama" })).toEqual([]);
    expect(refused({ provider: "openai", baseUrl: "http://8.8.8.8/v1", apiKeyEnv: "OPENAI_API_KEY" })).toEqual([
      "spec.baseUrl",
    ]);
  });

  test("takes its own settings only, and no value that would lead elsewhere", () => {
    const bedrock = { ...OF_PROVIDER, provider: "bedrock" };
    expect(refused({ ...bedrock, settings: { region: "eu-central-1" } })).toEqual([]);
    expect(refused({ ...bedrock, settings: { region: "evil.test/" } })).toEqual(["spec.settings.region"]);
    expect(refused({ ...bedrock, settings: { zone: "a", toString: "b" } })).toEqual([
      "spec.settings.zone",
      "spec.settings.toString",
    ]);
    expect(refused({ settings: { region: "eu-central-1" } })).toEqual(["spec.settings.region"]);
  });
});

describe("several of one kind", () => {
  test("are judged each by itself", () => {
    const several = {
      baseUrl: undefined,
      hosts: ["https://models.test/v1", "http://169.254.169.254/v1", "http://10.0.0.8/v1"],
      apiKeyEnvs: ["MODEL_KEY", "ACME__MODEL_KEY"],
    };
    expect(refused(several)).toEqual(["spec.hosts[1]", "spec.hosts[2]", "spec.apiKeyEnvs[1]"]);
    expect(refused(several, { allowPrivate: true })).toEqual(["spec.hosts[1]", "spec.apiKeyEnvs[1]"]);
  });

  test("that are candidates name no address", () => {
    expect(refused({ baseUrl: undefined, model: undefined, candidates: [{ model: "openai/a" }] })).toEqual([]);
  });
});
