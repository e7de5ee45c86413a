/** Commits as fast as it can and reports each acknowledged unit on stdout; killed from outside or by its fault module. */
import { writeSync } from "node:fs";
import { openSqlite } from "../src/index.ts";

const [, , directory = "", fault] = process.argv;
const stores = await openSqlite({ directory, ...(fault === undefined ? {} : { fault: { module: fault } }) });
const at = 1_750_000_000_000;

/** Written when it returns, however long the reader takes: a full pipe says EAGAIN. */
const report = (line: string): void => {
  for (;;) {
    try {
      writeSync(1, line);
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
};

const usage = {
  ...{ hour: 0, agent: "a", team: "", model: "m", caller: "u", calls: 1, estimatedCalls: 0, inputTokens: 0 },
  ...{ cachedInputTokens: 0, outputTokens: 0, costNanoUsd: 0, cacheHits: 0, savedNanoUsd: 0 },
};

const run = async (index: number): Promise<never> => {
  const taskId = `task-${index}`;
  const head = { agent: "a", revision: "1", contextId: "c", caller: "u", priority: "normal" as const };
  const submitted = { type: "task.submitted" as const, at, data: { ...head, input: null } };
  await stores.tasks.commit([
    {
      tenantId: "t",
      create: [
        {
          ...head,
          taskId,
          deadline: null,
          parent: null,
          dueAt: at,
          createdAt: at,
          events: [submitted],
          claimed: { state: "working" },
        },
      ],
    },
  ]);
  for (let seq = 1; ; seq += 1) {
    const event = {
      type: "step.completed" as const,
      at,
      data: { path: `step#${seq}`, kind: "step" as const, result: "x".repeat(500) },
    };
    const append = {
      expect: { seq, token: 1 },
      events: [event],
      state: "working" as const,
      consume: [],
      requireEmptyMailbox: false,
    };
    // Each call is settled when the next one is reserved.
    const amounts = ["all", taskId].map((account) => ({ account, amount: 1, ceiling: Number.MAX_SAFE_INTEGER }));
    const [written] = await stores.tasks.commit([
      {
        tenantId: "t",
        taskId,
        append,
        mail: [{ taskId, key: `m${seq}`, kind: "signal", payload: seq, ifTerminal: "refuse" }],
        settle: [{ key: `${taskId} ${seq - 1}`, amounts, usage }],
        reserve: { key: `${taskId} ${seq}`, expiresAt: at, amounts, usage },
      },
    ]);
    if (written?.outcome !== "committed") throw new Error(`${taskId} ${seq}: ${JSON.stringify(written)}`);
    report(`${index} ${seq + 1}\n`);
  }
};

await Promise.all(Array.from({ length: 20 }, (_, index) => run(index)));
