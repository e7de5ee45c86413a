/** One node of the cluster: argv[2] is its data folder, the environment says which database and what its name is. */
import { fileURLToPath } from "node:url";
import { API_VERSION } from "@agentcore/contract";
import { compose } from "../../../packages/server/src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../../../packages/server/src/system-senses.ts";
import { serveCalls } from "../../e2e/serve-calls.ts";

const { CLUSTER_DATABASE: url = "", CLUSTER_LEASE_MS, CLUSTER_NODE: node = "", CLUSTER_LEDGER = "" } = process.env;
const scope = { tenantId: "default", caller: "driver", operator: true };
const code = fileURLToPath(new URL("./cluster-agents/agents.ts", import.meta.url));
const manifests = ["worker", "parent", "sleeper", "asker", "stayer"].map((name) => ({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata: { name },
  spec: { code: { path: code, export: name }, concurrency: 100, env: { LEDGER: CLUSTER_LEDGER } },
}));

const parts = await compose({
  dataDirectory: process.argv[2] ?? "",
  node,
  env: {},
  database: { url, leaseMs: Number(CLUSTER_LEASE_MS) },
  senses: createSystemSenses(createJsonLogger("error")),
});
await parts.manifests.apply(scope.tenantId, manifests, { dryRun: false });
await parts.start();
serveCalls(parts.tasks, scope);
