/** Hostile requests to the engine itself, on its stores: what the texts in them do there. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { test as anyTest, expect } from "vitest";
import { createFixture, describeAgent } from "../../test/gateway/gateway-fixture.ts";
import { checkAnswer } from "../../test/gateway/hostile/answers.ts";
import { hostileRequests } from "../../test/gateway/hostile/requests.ts";
import { sendHostile, show } from "../../test/gateway/hostile/send.ts";
import { SharedDatabase, test as sharedTest } from "../../test/shared-database.ts";
import { compose, type NodeParts } from "../compose.ts";
import { createJsonLogger, createSystemSenses } from "../system-senses.ts";
import { parseApiKeys } from "./http/parse-api-keys.ts";

const REQUESTS = 2_000;
const BATCH = 10;
const SEED = Number(process.env.AGENTCORE_FUZZ_SEED ?? Date.now() % 2 ** 31);
const RUN = `async (task, ctx) => {
  if (task.input === "hold" || task.input === "ask") return ctx.waitForInput("which?");
  return { echo: task.input };
}`;
const KEY = "ann-at-default-key";

const attack = async (node: NodeParts): Promise<void> => {
  const { tasks, push } = node;
  const agent = describeAgent("echo");
  const fixture = createFixture({
    agents: { list: () => [agent], get: (_, name) => (name === agent.name ? agent : null) },
    ...{ tasks, push, apiKeys: parseApiKeys([`${KEY} caller=ann`]) },
    settings: { cancelWaitMs: 50 },
  });
  const own: string[] = [];
  for (const text of ["hello", "hold", "ask"]) {
    const { task } = await fixture.result(
      "SendMessage",
      { message: { messageId: text, role: "ROLE_USER", parts: [{ text }] } },
      { headers: { authorization: `Bearer ${KEY}` } },
    );
    own.push(task.id);
  }
  const named = (text: string) =>
    text.replace(/task-([123])(?!\d)/g, (_, number: string) => own[Number(number) - 1] ?? "");
  await fc.assert(
    fc.asyncProperty(
      fc.array(hostileRequests("ann-at-default", [1, 2, 3]), { minLength: BATCH, maxLength: BATCH }),
      async (batch) => {
        await Promise.all(
          batch.map(async (drawn) => {
            const body = drawn.body === null ? null : Buffer.from(drawn.body).toString("latin1");
            const request = {
              ...drawn,
              address: named(drawn.address),
              body: body === null ? null : Buffer.from(named(body), "latin1"),
            };
            const answer = await sendHostile(fixture.gateway, KEY, request, 100);
            if (answer === null) return;
            try {
              checkAnswer(request, answer);
            } catch (error) {
              throw new Error(`${String(error)}\n${show(request)}\n-> ${answer.status} ${answer.text.slice(0, 3000)}`);
            }
          }),
        );
        if (fixture.errors.length > 0)
          throw new Error(`a defect behind the answers: ${String((fixture.errors[0] as Error).stack)}`);
      },
    ),
    { numRuns: REQUESTS / BATCH, seed: SEED, endOnFailure: process.env.AGENTCORE_FUZZ_SEED === undefined },
  );
  await expect.poll(() => fixture.gateway.openStreams).toBe(0);
};

anyTest(`hostile requests to a node on SQLite (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-fuzz-"));
  const shared = { folder, writeAgent: SharedDatabase.prototype.writeAgent };
  const node = await compose({
    dataDirectory: join(folder, "data"),
    senses: createSystemSenses(createJsonLogger("error")),
    ...{ node: "n1", env: {}, gcIntervalMs: 0 },
  });
  try {
    await node.start();
    await node.manifests.apply("default", [await shared.writeAgent("echo", RUN)], { dryRun: false });
    await attack(node);
  } finally {
    await node.close(0);
    await rm(folder, { recursive: true });
  }
});

sharedTest(`hostile requests to a node on PostgreSQL (seed ${SEED})`, { timeout: 120_000 }, async () => {
  const database = await SharedDatabase.create();
  try {
    const node = await database.start("n1");
    await node.manifests.apply("default", [await database.writeAgent("echo", RUN)], { dryRun: false });
    await attack(node);
  } finally {
    await database.remove();
  }
});
