/** Push notifications of whole nodes: a restart, two nodes on one database, removal with the task. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION } from "@agentcore/contract";
import { afterEach, test as anyTest, beforeEach, describe, expect } from "vitest";
import { type Receiver, startReceiver } from "../../test/push/receiver.ts";
import { SharedDatabase, test as sharedTest } from "../../test/shared-database.ts";
import { compose, type NodeParts } from "../compose.ts";
import { parseEncryptionKeys } from "../encryption/parse-encryption-keys.ts";
import { createJsonLogger, createSystemSenses } from "../system-senses.ts";

const SCOPE = { tenantId: "default", caller: "ann", operator: true };
/** Says a number, waits for a word, says the next, until the word is "end". */
const RUN = `async (task, ctx) => {
  for (let round = 1; ; round++) {
    await ctx.progress("round " + round);
    if ((await ctx.waitForInput("next?")) === "end") return round;
  }
}`;

let folder: string;
let receiver: Receiver;
/** How many requests are answered before the webhook refuses. */
let patience = Number.POSITIVE_INFINITY;
const nodes = new Set<NodeParts>();

beforeEach(async () => {
  patience = Number.POSITIVE_INFINITY;
  folder = await mkdtemp(join(tmpdir(), "agentcore-push-"));
  receiver = await startReceiver((_, response) => {
    patience -= 1;
    response.writeHead(patience < 0 ? 503 : 200).end();
  });
});
afterEach(async () => {
  for (const node of nodes) await node.close(0);
  nodes.clear();
  await receiver.close();
  await rm(folder, { recursive: true });
});

const start = async (more: Partial<Parameters<typeof compose>[0]> = {}): Promise<NodeParts> => {
  const node = await compose({
    dataDirectory: join(folder, "data"),
    senses: createSystemSenses(createJsonLogger("error")),
    ...{ node: "n1", env: {}, allowPrivateWebhooks: true, gcIntervalMs: 0 },
    ...more,
  });
  nodes.add(node);
  await node.start();
  return node;
};

const stop = async (node: NodeParts): Promise<void> => {
  nodes.delete(node);
  await node.close(0);
};

const manifest = async (): Promise<object> => {
  const code = join(folder, "code");
  await mkdir(code, { recursive: true });
  await writeFile(join(code, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(code, "asker.mjs"),
    `export const agent = { name: "asker", description: "Asks", version: "1", skills: [], labels: {}, tools: [],
      idempotent: false, subscribes: [], run: ${RUN} };`,
  );
  const spec = { code: { path: join(code, "asker.mjs"), export: "agent" } };
  return { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "asker" }, spec };
};

const begin = async (node: NodeParts, from = 1): Promise<string> => {
  const { taskId } = await node.tasks.submit(SCOPE, { target: { agent: "asker" }, input: 1 });
  const config = { id: "c", taskId, url: `${receiver.url}/hook`, token: "a token nobody guesses" };
  await node.push.register(SCOPE, { config, version: "1.0", from });
  await expect.poll(async () => (await node.tasks.head(SCOPE, taskId)).state).toBe("input-required");
  return taskId;
};

let count = 0;
const say = async (node: NodeParts, taskId: string, text: string): Promise<void> => {
  count += 1;
  await node.tasks.send(SCOPE, taskId, { messageId: `m-${count}`, role: "ROLE_USER", parts: [{ text }] });
};

/** Ids of events by what was taken, as often as it was taken. */
const received = (): readonly string[] =>
  receiver.received.map(({ headers }) => String(headers["x-a2a-event-id"]).split("/").at(-1) ?? "");

/** What a client without webhooks would have seen: numbers of events with something to say. */
const expected = async (node: NodeParts, taskId: string): Promise<readonly string[]> => {
  const log = await node.tasks.log(SCOPE, taskId);
  const shown = ["task.submitted", "task.started", "task.progressed", "task.inputRequired", "task.resumed"];
  return log.flatMap(({ seq, type }) => {
    if (type === "task.completed") return [`${seq}.0`, `${seq}.1`];
    return shown.includes(type) ? [`${seq}.0`] : [];
  });
};

describe("a node", () => {
  anyTest("that is started again goes on exactly where its webhook was", async () => {
    const first = await start();
    await first.manifests.apply("default", [await manifest()], { dryRun: false });
    const taskId = await begin(first);
    const before = await expected(first, taskId);
    await expect.poll(received).toEqual(before);
    // From here on it refuses, also what the task does in its last moments on this node.
    patience = 0;
    await say(first, taskId, "more");
    await expect.poll(() => receiver.received.length).toBeGreaterThan(before.length);
    await stop(first);
    const failed = receiver.received.length;
    patience = Number.POSITIVE_INFINITY;
    const second = await start();
    await say(second, taskId, "end");
    await second.tasks.settled(SCOPE, taskId);
    await expect.poll(async () => (await expected(second, taskId)).at(-1)).toMatch(/\.1$/);
    const all = await expected(second, taskId);
    await expect.poll(() => received().at(-1)).toBe(all.at(-1));
    expect(received().slice(failed)).toEqual(all.slice(before.length));
    const tokens = new Set(receiver.received.map(({ headers }) => headers["x-a2a-notification-token"]));
    expect([...tokens]).toEqual(["a token nobody guesses"]);
  });

  anyTest("with keys stores no credentials that can be read", async () => {
    const key = Buffer.alloc(32, 7).toString("base64");
    const node = await start({ encryptionKeys: parseEncryptionKeys([`k1:${key}`]) });
    await node.manifests.apply("default", [await manifest()], { dryRun: false });
    await begin(node);
    await expect.poll(() => receiver.received.length).toBeGreaterThan(0);
    await stop(node);
    for (const name of await readdir(join(folder, "data"), { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      const bytes = await readFile(join(name.parentPath, name.name));
      expect(bytes.includes("a token nobody guesses"), name.name).toBe(false);
    }
  });

  anyTest("removes configurations with their task", async () => {
    const node = await start();
    await node.manifests.apply("default", [await manifest()], { dryRun: false });
    const taskId = await begin(node);
    await node.tasks.cancel(SCOPE, taskId);
    await expect.poll(async () => (await node.tasks.head(SCOPE, taskId)).state).toBe("canceled");
    await expect.poll(() => receiver.received.at(-1)?.body.statusUpdate?.status.state).toBe("TASK_STATE_CANCELED");
    expect(await node.push.get(SCOPE, taskId, "c")).toMatchObject({ id: "c" });
    await expect
      .poll(
        async () => (await node.retention.collect({ tenantId: "default", olderThanMs: 1, dryRun: false })).removedTasks,
      )
      .toBe(1);
    await expect.poll(() => node.push.get(SCOPE, taskId, "c").catch(({ code }) => code)).toBe("TASK_NOT_FOUND");
  });
});

describe("two nodes on one database", () => {
  sharedTest(
    "send each notification once, whichever runs the task and takes the configuration; one that is closed is followed",
    async () => {
      const shared = await SharedDatabase.create();
      try {
        const [a, b] = [
          await shared.start("a", { allowPrivateWebhooks: true }),
          await shared.start("b", { allowPrivateWebhooks: true }),
        ];
        await a.manifests.apply("default", [await shared.writeAgent("asker", RUN)], { dryRun: false });
        await expect.poll(() => b.catalogue.list("default").length).toBe(1);
        const taskIds = [await begin(a), await begin(b), await begin(a), await begin(b)];
        for (const taskId of taskIds) await say(b, taskId, "more");
        const sent = (taskId: string) =>
          receiver.received.flatMap(({ headers }) => {
            const id = String(headers["x-a2a-event-id"]);
            return id.startsWith(taskId) ? [id.split("/").at(-1)] : [];
          });
        const all = async (taskId: string) => {
          const log = await b.tasks.log(SCOPE, taskId);
          return log.filter(({ type }) => type === "task.inputRequired").length === 2 ? expected(b, taskId) : [];
        };
        for (const taskId of taskIds) {
          await expect.poll(() => all(taskId), { timeout: 20_000 }).not.toEqual([]);
          await expect.poll(() => sent(taskId), { timeout: 20_000 }).toEqual(await all(taskId));
        }
        await shared.stop(a);
        for (const taskId of taskIds) await say(b, taskId, "end");
        for (const taskId of taskIds) {
          await expect.poll(() => sent(taskId).at(-1), { timeout: 30_000 }).toMatch(/\.1$/);
          expect(sent(taskId)).toEqual(await expected(b, taskId));
        }
      } finally {
        await shared.remove();
      }
    },
  );
});
