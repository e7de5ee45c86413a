/** The process behind NodeProcess, on SQLite. */
import { fileURLToPath } from "node:url";
import { API_VERSION } from "@agentcore/contract";
import { compose } from "../../packages/server/src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../../packages/server/src/system-senses.ts";
import { serveCalls } from "./serve-calls.ts";

const scope = { tenantId: "default", caller: "tester", operator: true };
const code = fileURLToPath(new URL("./restart-agents/agents.ts", import.meta.url));
const env = { DEADLY: process.env["DEADLY"] ?? "" };
const manifests = ["adder", "killer", "asker"].map((name) => ({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata: { name },
  spec: { code: { path: code, export: name }, concurrency: 1_000, env },
}));

const parts = await compose({
  dataDirectory: process.argv[2] ?? "",
  node: "restart",
  env: {},
  senses: createSystemSenses(createJsonLogger("warn")),
});
await parts.manifests.apply(scope.tenantId, manifests, { dryRun: false });
await parts.start();
serveCalls(parts.tasks, scope);
