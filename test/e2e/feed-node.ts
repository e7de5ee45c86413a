/** The process behind NodeProcess, with a feed and an agent that keeps each of its events as a task; on SQLite, or on the database that it is given. */
import { API_VERSION } from "@agentcore/contract";
import { compose } from "../../packages/server/src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../../packages/server/src/system-senses.ts";
import { serveCalls } from "./serve-calls.ts";

const scope = { tenantId: "default", caller: "tester", operator: true };
const url = process.env["DATABASE_URL"];
const node = process.env["NODE_NAME"] ?? "feeds";
const parts = await compose({
  dataDirectory: process.argv[2] ?? "",
  node,
  env: { NODE_TOKEN: node },
  ...(url === undefined ? {} : { database: { url, leaseMs: 1_500 }, turnLeaseMs: 2_000 }),
  senses: createSystemSenses(createJsonLogger("error")),
});
const manifest = (name: string, spec: object): object => ({
  ...{ apiVersion: API_VERSION, kind: "Agent", metadata: { name }, spec },
});
const options = {
  ...{ topic: "shop.told", url: process.env["FEED_URL"], id: "id", maxReconnectMs: 1_000 },
  opening: [{ send: { node: { env: "NODE_TOKEN" } } }],
  ...{ acknowledge: { ack: "{id}" }, messagesPerMinute: 60_000 },
};
await parts.manifests.apply(
  scope.tenantId,
  [
    manifest("keeper", {
      strategy: {
        name: "reactive",
        options: { rules: [{ name: "all", when: "true", reply: "${input.payload.message}" }] },
      },
      triggers: [{ topic: "shop.told" }],
    }),
    manifest("shop", { standard: { name: "websocket-feed", options } }),
  ],
  { dryRun: false },
);
await parts.start();
serveCalls(parts.tasks, scope);
