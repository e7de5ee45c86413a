/** The process behind NodeProcess, whose agent calls tools of the server at MCP_URL. */
import { fileURLToPath } from "node:url";
import { API_VERSION } from "@agentcore/contract";
import { compose } from "../../packages/server/src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../../packages/server/src/system-senses.ts";
import { serveCalls } from "./serve-calls.ts";

const scope = { tenantId: "default", caller: "tester", operator: true };
const code = fileURLToPath(new URL("../../packages/server/test/mcp/users-of-tools.ts", import.meta.url));
const header = { apiVersion: API_VERSION };

const parts = await compose({
  dataDirectory: process.argv[2] ?? "",
  node: "mcp",
  env: {},
  senses: createSystemSenses(createJsonLogger("warn")),
});
const manifests = [
  { ...header, kind: "Tool", metadata: { name: "remote" }, spec: { mcp: { http: { url: process.env["MCP_URL"] } } } },
  { ...header, kind: "Agent", metadata: { name: "twice" }, spec: { code: { path: code, export: "twice" } } },
];
await parts.manifests.apply(scope.tenantId, manifests, { dryRun: false });
await parts.start();
serveCalls(parts.tasks, scope);
