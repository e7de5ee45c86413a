/** The process behind NodeProcess, with coding agents on a repository. */
import { compose } from "../../packages/server/src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../../packages/server/src/system-senses.ts";
import { codingAgentManifest } from "../../packages/server/test/coding/coding-agent-manifest.ts";
import { serveCalls } from "./serve-calls.ts";

const scope = { tenantId: "default", caller: "tester", operator: true };
const repository = process.env["REPOSITORY"] ?? "";
const parts = await compose({
  dataDirectory: process.argv[2] ?? "",
  node: "coding",
  env: { PATH: process.env["PATH"] },
  senses: createSystemSenses(createJsonLogger("warn")),
});
await parts.manifests.apply(
  scope.tenantId,
  [
    codingAgentManifest("resuming", repository),
    codingAgentManifest("forgetful", repository, { program: "command" }),
    codingAgentManifest("boxed", repository, { isolation: "sandbox", sandbox: { network: "none" } }),
    codingAgentManifest("once", repository, { program: "command", maxTries: 1 }),
  ],
  { dryRun: false },
);
await parts.start();
serveCalls(parts.tasks, scope);
process.on("SIGTERM", () => void parts.close(0).then(() => process.exit(0)));
