/** One node whose agents think: argv[2] is its data folder, OUTSIDE where their model is and their tools act. */
import { fileURLToPath } from "node:url";
import { API_VERSION } from "@agentcore/contract";
import { compose } from "../../../packages/server/src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../../../packages/server/src/system-senses.ts";
import { serveCalls } from "../../e2e/serve-calls.ts";

const scope = { tenantId: "default", caller: "driver", operator: true };
const path = fileURLToPath(new URL("./agents/agents.ts", import.meta.url));
const model = {
  apiVersion: API_VERSION,
  kind: "Model",
  metadata: { name: "outside" },
  spec: { baseUrl: `${process.env["OUTSIDE"]}/v1`, model: "small" },
};
const agents = ["reacting", "planning", "writer", "critic", "chatting", "careless"].map((name) => ({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata: { name },
  spec: { code: { path, export: name } },
}));

const parts = await compose({
  dataDirectory: process.argv[2] ?? "",
  node: "thinking",
  env: {},
  senses: createSystemSenses(createJsonLogger("error")),
});
await parts.manifests.apply(scope.tenantId, [model, ...agents], { dryRun: false });
await parts.start();
serveCalls(parts.tasks, scope);
