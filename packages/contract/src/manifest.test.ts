import { expect, test } from "vitest";
import { PlatformError } from "./errors.ts";
import { AgentManifest, API_VERSION, MANIFEST_KINDS, Manifest, ModelManifest, TenantManifest } from "./manifest.ts";
import { parseInput } from "./validation.ts";

const agent = (spec: Record<string, unknown>, metadata: Record<string, unknown> = { name: "greeter" }) => ({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata,
  spec,
});
const model = (spec: Record<string, unknown>) => ({
  apiVersion: API_VERSION,
  kind: "Model",
  metadata: { name: "local" },
  spec,
});
const tenant = (spec: Record<string, unknown>) => ({
  apiVersion: API_VERSION,
  kind: "Tenant",
  metadata: { name: "acme" },
  spec,
});
const code = { path: "./greeter.ts", export: "greeter" };

const violationsOf = (manifest: unknown): readonly { field: string; description: string }[] => {
  try {
    parseInput(Manifest, manifest, "manifest");
  } catch (error) {
    if (PlatformError.is(error)) return error.violations ?? [];
    throw error;
  }
  return [];
};

test("an agent with code, and one with a model, are accepted as they are", () => {
  for (const spec of [{ code }, { model: "local", instructions: "Greet." }]) {
    expect(AgentManifest.parse(agent(spec))).toEqual(agent(spec));
  }
});

test("an agent with neither code nor model is refused, saying which is expected", () => {
  expect(violationsOf(agent({ description: "?" }))).toEqual([
    { field: "spec.code", description: "expected code, model, strategy, standard, coding or remote" },
  ]);
});

test.each([
  ["at the top", { ...agent({ code }), specs: {} }, "", "specs"],
  ["in metadata", agent({ code }, { name: "greeter", label: {} }), "metadata", "label"],
  ["in spec", agent({ code, replica: 2 }), "spec", "replica"],
  ["in code", agent({ code: { ...code, exports: "x" } }), "spec.code", "exports"],
  ["in a model's spec", model({ baseUrl: "http://a.test/v1", model: "m", apiKey: "k" }), "spec", "apiKey"],
])("an unknown member %s is refused by name", (_, manifest, field, member) => {
  expect(violationsOf(manifest)).toEqual([{ field, description: expect.stringContaining(`"${member}"`) }]);
});

test.each(["Greeter", "greeter_1", "-greeter", "greeter-", "", "a".repeat(64)])("%j is no name", (name) => {
  expect(violationsOf(agent({ code }, { name }))).toEqual([
    { field: "metadata.name", description: "expected lower-case letters, digits and hyphens, at most 63" },
  ]);
});

test("another apiVersion and another kind are refused, naming what there is", () => {
  expect(violationsOf({ ...agent({ code }), apiVersion: "v1" })).toEqual([
    { field: "apiVersion", description: `expected "${API_VERSION}"` },
  ]);
  const [violation] = violationsOf({ ...agent({ code }), kind: "Pod" });
  for (const kind of MANIFEST_KINDS) expect(violation?.description).toContain(kind);
});

test.each([
  ["replicas", -1],
  ["replicas", 1.5],
  ["replicas", 1001],
  ["concurrency", 0],
  ["concurrency", 10_001],
  ["timeoutMs", 0],
  ["quality", 1.1],
])("spec.%s of %s is refused under its name", (field, value) => {
  expect(violationsOf(agent({ code, [field]: value })).map((violation) => violation.field)).toEqual([`spec.${field}`]);
});

test.each([
  ["spec.weight", { weight: 0 }],
  ["spec.weight", { weight: 1001 }],
  ["spec.weight", { weight: 1.5 }],
  ["spec.limits.backlog", { limits: { backlog: 0 } }],
  ["spec.limits.concurrency", { limits: { concurrency: 0 } }],
  ["spec.limits", { limits: { tasks: 1 } }],
])("a tenant's %s is refused under its name: %j", (field, spec) => {
  expect(violationsOf(tenant(spec)).map((violation) => violation.field)).toEqual([field]);
});

test("a tenant needs to say nothing but its name", () => {
  for (const spec of [{}, { weight: 3, limits: { concurrency: 1, backlog: 10 } }])
    expect(TenantManifest.parse(tenant(spec))).toEqual(tenant(spec));
});

test("what models cost, and counters of budgets, are kept for a day at least", () => {
  const kept = (removeUsageAfter: string) => violationsOf(tenant({ retention: { removeUsageAfter } }));
  for (const text of ["1d", "24h", "800d"]) expect(kept(text)).toEqual([]);
  for (const text of ["1s", "23h", "86399s"])
    expect(kept(text)).toEqual([{ field: "spec.retention.removeUsageAfter", description: "expected at least 1d" }]);
});

test("an agent's limit over all nodes is at least one task, and apart from its slots", () => {
  for (const concurrency of [0, 1.5, 1_000_001])
    expect(violationsOf(agent({ code, limits: { concurrency } })).map(({ field }) => field)).toEqual([
      "spec.limits.concurrency",
    ]);
  expect(violationsOf(agent({ code, concurrency: 5, limits: { concurrency: 1 } }))).toEqual([]);
});

test("an agent says which versions of A2A it is served in, at least one", () => {
  for (const versions of [["1.0"], ["0.3"], ["1.0", "0.3"]])
    expect(violationsOf(agent({ code, a2a: { versions } }))).toEqual([]);
  expect(violationsOf(agent({ code, a2a: {} }))).toEqual([]);
  expect(violationsOf(agent({ code, a2a: { versions: [] } }))).toEqual([
    { field: "spec.a2a.versions", description: "expected at least one version" },
  ]);
  expect(violationsOf(agent({ code, a2a: { versions: ["1.0", "1.1"] } }))).toEqual([
    { field: "spec.a2a.versions[1]", description: "expected one of 1.0, 0.3" },
  ]);
  expect(violationsOf(agent({ code, a2a: { version: "1.0" } })).map(({ field }) => field)).toEqual(["spec.a2a"]);
});

test("a model names the variable of its key, never the key", () => {
  const spec = { baseUrl: "https://models.test/v1", model: "m" };
  expect(ModelManifest.safeParse(model({ ...spec, apiKeyEnv: "MODEL_KEY" })).success).toBe(true);
  expect(violationsOf(model({ ...spec, apiKeyEnv: "sk-abc123" })).map(({ field }) => field)).toEqual([
    "spec.apiKeyEnv",
  ]);
});

test.each([
  "authorization",
  "Proxy-Authorization",
  "X-API-Key",
  "api-key",
  "Cookie",
  "x-auth-token",
  "x-client-secret",
  "Ocp-Apim-Subscription-Key",
])("a secret in the header %s is refused as a text, and taken as the name of its variable", (name) => {
  const spec = { baseUrl: "https://models.test/v1", model: "m" };
  expect(violationsOf(model({ ...spec, headers: { [name]: "hush" } }))).toEqual([
    { field: `spec.headers.${name}`, description: expect.stringContaining(`${name}: { env: NAME_KEY }`) },
  ]);
  expect(violationsOf(model({ ...spec, headers: { [name]: { env: "MODEL_KEY" } } }))).toEqual([]);
  expect(violationsOf(model({ ...spec, headers: { [name]: { env: "PATH" } } }))).toHaveLength(1);
});

test("a model without an address is refused", () => {
  expect(violationsOf(model({ model: "m", baseUrl: "models.test" })).map(({ field }) => field)).toEqual([
    "spec.baseUrl",
  ]);
});

test("a budget that asks people says whom: else the caller whom it bounds could raise it", () => {
  const asking = (ask: object) => ({
    ...{ apiVersion: API_VERSION, kind: "Budget", metadata: { name: "ann" } },
    spec: { scope: { caller: "ann" }, limit: { usd: 1 }, onExceeded: { ask: { raise: { usd: 5 }, ...ask } } },
  });
  expect(violationsOf(asking({ approvers: ["boss"] }))).toEqual([]);
  expect(violationsOf(asking({}))).toEqual([
    { field: "spec.onExceeded", description: expect.stringContaining("ask: { approvers: [CALLER], raise") },
  ]);
});

test("a remote agent has a card and nothing that says how it works", () => {
  const remote = { card: "https://agent.test/" };
  expect(violationsOf(agent({ remote }))).toEqual([]);
  expect(violationsOf(agent({ remote, model: "m", env: { A: "b" } })).map(({ field }) => field)).toEqual([
    "spec.model",
    "spec.env",
  ]);
  expect(violationsOf(agent({ remote: { card: "file:///etc/passwd" } }))).toMatchObject([
    { field: "spec.remote.card" },
  ]);
});

test.each([
  [{ bearerEnv: "A_TOKEN" }, true],
  [{ bearerEnv: "PATH" }, false],
  [{ apiKeyEnv: "A_KEY", header: "X-Key", origins: ["https://b.test"] }, true],
  [{ apiKeyEnv: "A_KEY", header: "X-Key", origins: ["https://b.test/path"] }, false],
  [{ bearerEnv: "A_TOKEN", apiKeyEnv: "A_KEY" }, false],
  [{ oauth2: { clientId: "x", clientSecretEnv: "A_SECRET" } }, true],
  [{ oauth2: { clientSecretEnv: "A_SECRET" } }, false],
  [{ bearer: "a secret" }, false],
])("credentials of a remote agent as %j: %s", (auth, isTaken) => {
  expect(violationsOf(agent({ remote: { card: "https://agent.test/", auth } })).length === 0).toBe(isTaken);
});

test("a signature that must be there says whose", () => {
  const withSignature = (signature: object) =>
    violationsOf(agent({ remote: { card: "https://agent.test/", signature } }));
  expect(withSignature({ jkuHosts: ["agent.test"] })).toEqual([]);
  expect(withSignature({ required: true })).toMatchObject([{ field: "spec.remote.signature.jwks" }]);
});

test.each(["Host", "content-length", "Transfer-Encoding"])("the header %s is refused", (name) => {
  const spec = { baseUrl: "https://models.test/v1", model: "m", headers: { [name]: { env: "A_KEY" } } };
  expect(violationsOf(model(spec))).toEqual([
    { field: `spec.headers.${name}`, description: expect.stringContaining("set by the node") },
  ]);
});
