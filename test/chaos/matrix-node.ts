/**
 * A real node and, in the same process, the one who uses it: submits a task once, answers its question and grants access once, and notes
 * what was acknowledged. Ends with code 0 when everything is over, 3 when the point it should die at was never reached.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { API_VERSION, isTerminal } from "@agentcore/contract";
import type { ModelProvider } from "@agentcore/core/ports";
import { withFaultPoints } from "@agentcore/core/testing";
import { compose } from "../../packages/server/src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../../packages/server/src/system-senses.ts";
import { onFaultPoint } from "./fault-trigger.ts";
import { SECRET } from "./judge-run.ts";
import { reportEffect } from "./scenario/report-effect.ts";

const { MATRIX_DATA: dataDirectory = "", MATRIX_POINT: point } = process.env;
const scope = { tenantId: "default", caller: "driver", operator: true };

const code = fileURLToPath(new URL("./scenario/agents.ts", import.meta.url));
const env = {
  MATRIX_EFFECTS: process.env["MATRIX_EFFECTS"] ?? "",
  MATRIX_SCENARIO: process.env["MATRIX_SCENARIO"] ?? "",
};
const manifests = ["main", "child", "oracle", "subscriber"].map((name) => ({
  apiVersion: API_VERSION,
  kind: "Agent",
  metadata: { name: `matrix-${name}` },
  spec: { code: { path: code, export: name }, env },
}));

const model: ModelProvider = {
  grant: async () => {},
  async generate(request) {
    const task = request.messages[0]?.content ?? "";
    await reportEffect(env, { task, path: `model:${request.model}`, key: task });
    const usage = { inputTokens: 1, outputTokens: 1 };
    return { response: { text: "a word", toolCalls: [], finishReason: "stop", usage } };
  },
};

const acknowledgements = join(dataDirectory, "acknowledged.txt");
const acknowledged = (what: string): string | undefined =>
  existsSync(acknowledgements)
    ? readFileSync(acknowledgements, "utf8")
        .split("\n")
        .map((line) => line.split(" "))
        .find(([kind]) => kind === what)?.[1]
    : undefined;
const acknowledge = (what: string, value: string): void => appendFileSync(acknowledgements, `${what} ${value}\n`);

const senses = createSystemSenses(createJsonLogger("warn"));
const parts = await compose({
  dataDirectory,
  node: "matrix",
  env: {},
  fault: { module: new URL("./worker-faults.ts", import.meta.url).href },
  senses: {
    clock: withFaultPoints(senses.clock, "clock", onFaultPoint),
    ids: withFaultPoints(senses.ids, "ids", onFaultPoint),
    digest: withFaultPoints(senses.digest, "digest", onFaultPoint),
    logger: senses.logger,
  },
  // The provider is the scenario's own, and takes the place of the real one behind the same port.
  wrap: <Port extends object>(name: string, port: Port): Port =>
    withFaultPoints(name === "models" ? (model as unknown as Port) : port, name, onFaultPoint),
});
await parts.manifests.apply(scope.tenantId, manifests, { dryRun: false });
await parts.start();

let taskId = acknowledged("submitted");
if (taskId === undefined) {
  const submitted = await parts.tasks.submit(scope, {
    target: { agent: "matrix-main" },
    input: {},
    idempotencyKey: "the-one",
  });
  taskId = submitted.taskId;
  acknowledge("submitted", taskId);
}
for (;;) {
  const head = await parts.tasks.settled(scope, taskId);
  if (isTerminal(head.state) || head.state === "parked") break;
  if (head.state === "auth-required" && acknowledged("authorized") === undefined) {
    await parts.tasks.authorize(scope, taskId, { credential: { type: "bearer", value: SECRET } });
    acknowledge("authorized", "yes");
  } else if (head.state === "input-required" && acknowledged("answered") === undefined) {
    await parts.tasks.send(scope, taskId, { messageId: "answer", role: "ROLE_USER", parts: [{ text: "Ada" }] });
    acknowledge("answered", "yes");
  }
  await pause(20);
}
for (let open = true; open; ) {
  const { heads } = await parts.tasks.list(scope, { agent: "matrix-subscriber" });
  open = heads.length === 0 || heads.some(({ state }) => !isTerminal(state) && state !== "parked");
  if (open) await pause(50);
}
// Points that come with time come to an idle node too; those of the end come below.
if (point !== undefined && !/close/.test(point)) await pause(2_000);
await parts.close(1_000);
process.exitCode = point === undefined ? 0 : 3;
