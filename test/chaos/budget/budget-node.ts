/** One node with a model, a budget and an agent that asks: argv[2] is its data folder, the environment says the rest. */
import { fileURLToPath } from "node:url";
import { API_VERSION } from "@agentcore/contract";
import { compose } from "../../../packages/server/src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../../../packages/server/src/system-senses.ts";
import { serveCalls } from "../../e2e/serve-calls.ts";

const { CLUSTER_DATABASE, CLUSTER_NODE: node = "one", PROVIDER_URL: baseUrl = "" } = process.env;
const scope = { tenantId: "default", caller: "driver", operator: true };
const code = fileURLToPath(new URL("./budget-agents/agents.ts", import.meta.url));
const manifests = [
  {
    apiVersion: API_VERSION,
    kind: "Model",
    metadata: { name: "desk" },
    spec: {
      ...{ baseUrl, model: "small", timeoutMs: 4_000, maxOutputTokens: 500 },
      price: { input: 10, output: 30 },
    },
  },
  {
    apiVersion: API_VERSION,
    kind: "Budget",
    metadata: { name: "all" },
    spec: { scope: { tenant: "*" }, limit: { usd: 1 } },
  },
  {
    apiVersion: API_VERSION,
    kind: "Agent",
    metadata: { name: "writer" },
    spec: { code: { path: code, export: "writer" }, concurrency: 200 },
  },
];

const parts = await compose({
  dataDirectory: process.argv[2] ?? "",
  node,
  env: {},
  ...(CLUSTER_DATABASE === undefined ? {} : { database: { url: CLUSTER_DATABASE, leaseMs: 2_000 } }),
  senses: createSystemSenses(createJsonLogger("error")),
});
await parts.manifests.apply(scope.tenantId, manifests, { dryRun: false });
await parts.start();
serveCalls(parts.tasks, scope);
