/** Deliveries to one webhook that come to two nodes on one PostgreSQL, as behind a load balancer. */
import { createHmac } from "node:crypto";
import { afterEach, beforeEach, expect } from "vitest";
import { SCOPE, SharedDatabase, test } from "../../test/shared-database.ts";
import type { NodeParts } from "../compose.ts";

const SECRET = "0123456789abcdef-of-a-hook";
const env = { SHOP_HOOK_SECRET: SECRET };

let shared: SharedDatabase;
beforeEach(async () => {
  shared = await SharedDatabase.create();
});
afterEach(() => shared.remove());

const manifest = (name: string, spec: object): object => ({
  ...{ apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name }, spec },
});
const HOOK = manifest("shop", {
  standard: {
    name: "webhook",
    options: {
      ...{ topic: "shop.delivered", secrets: ["SHOP_HOOK_SECRET"], id: { header: "x-delivery" } },
      signature: { header: "x-sign", prefix: "sha256=" },
    },
  },
});
/** Each event of the topic is a task of it. */
const KEEPER = manifest("keeper", {
  strategy: { name: "reactive", options: { rules: [{ name: "all", when: "true", reply: "${input}" }] } },
  triggers: [{ topic: "shop.delivered", input: "${event.payload.delivery}" }],
});

const deliver = async (node: NodeParts, id: string, body: string): Promise<boolean | undefined> => {
  const hook = await node.hooks.find("default", "shop");
  const sign = `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
  const headers = new Headers({ "content-type": "application/json", "x-delivery": id, "x-sign": sign });
  return (await hook?.deliver(headers, new TextEncoder().encode(body)))?.repeated;
};

const outputsOf = async (node: NodeParts, agent: string): Promise<readonly unknown[]> => {
  const { heads } = await node.tasks.list(SCOPE, { agent, pageSize: 100 });
  const ends = heads.map(async ({ taskId }) => (await node.tasks.log(SCOPE, taskId)).at(-1));
  return (await Promise.all(ends)).map((end) => (end?.type === "task.completed" ? end.data.output : end?.type));
};

test("a delivery that comes to both nodes at once, again and again, is one task and one event", async () => {
  const [a, b] = [await shared.start("a", { env }), await shared.start("b", { env })];
  await a.manifests.apply("default", [HOOK, KEEPER], { dryRun: false });
  await expect.poll(() => b.catalogue.list("default").length).toBe(2);
  const ids = Array.from({ length: 12 }, (_, index) => `d-${index}`);
  const answers = await Promise.all(
    ids.map((id) =>
      Promise.all(
        // As services do that had no answer: to whichever node, and not always the same to the byte.
        [a, b, b, a].map((node, attempt) => deliver(node, id, JSON.stringify({ id, attempt: attempt >> 1 }))),
      ),
    ),
  );
  // Of each one was new, whoever took it.
  for (const told of answers) expect(told.filter((repeated) => repeated === false)).toHaveLength(1);
  await expect.poll(async () => (await outputsOf(b, "keeper")).length, { timeout: 20_000 }).toBe(ids.length);
  await expect
    .poll(async () => (await outputsOf(a, "keeper")).map(String).toSorted((one, other) => (one < other ? -1 : 1)), {
      timeout: 20_000,
    })
    .toEqual(ids.toSorted((one, other) => (one < other ? -1 : 1)));
  expect((await a.tasks.list(SCOPE, { agent: "shop", pageSize: 1 })).totalSize).toBe(ids.length);
  // One that has gone meanwhile had told nobody of what it knew.
  await shared.stop(a);
  expect(await Promise.all(ids.map((id) => deliver(b, id, JSON.stringify({ id }))))).toEqual(ids.map(() => true));
  expect((await b.tasks.list(SCOPE, { agent: "shop", pageSize: 1 })).totalSize).toBe(ids.length);
});
