/** The process behind NodeProcess. Ends when its parent is gone. */
import { fileURLToPath } from "node:url";
import { API_VERSION, PlatformError } from "@agentcore/contract";
import { compose } from "../../packages/server/src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../../packages/server/src/system-senses.ts";
import type { NodeAnswer, NodeRequest } from "./node-process.ts";

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

const answer = async ({ id, method, args }: NodeRequest): Promise<NodeAnswer> => {
  try {
    const call = parts.tasks[method] as (...all: unknown[]) => Promise<unknown>;
    return { id, value: (await call(scope, ...args)) ?? null };
  } catch (error) {
    const { code: errorCode, message } = PlatformError.from(error);
    return { id, error: { code: errorCode, message } };
  }
};
process.on("message", (request: NodeRequest) => void answer(request).then((reply) => process.send?.(reply)));
process.on("disconnect", () => process.exit(0));
