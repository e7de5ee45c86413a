/**
 * Three nodes on one PostgreSQL and 10,000 tasks, while nodes are killed and stopped for longer than their lease, the
 * database goes down twice, and one node's disk is full. `AGENTCORE_CLUSTER_TASKS` and `AGENTCORE_CLUSTER_SEED` set how many and which.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { TaskEvent } from "@agentcore/contract";
import { createPayloadStore } from "@agentcore/core/payloads";
import { createTestCodec } from "@agentcore/core/testing";
import { openPostgres } from "@agentcore/postgres";
import { expect, onTestFinished, test } from "vitest";
import { Cluster } from "./cluster/cluster.ts";
import type { Effect } from "./cluster/cluster-agents/agents.ts";
import { isEnded, judgeCluster, type Submission } from "./cluster/judge-cluster.ts";
import { randomOf } from "./random-of.ts";
import { startDatabase } from "./start-database.ts";

const TASKS = Number(process.env["AGENTCORE_CLUSTER_TASKS"] ?? 10_000);
const SEED = Number(process.env["AGENTCORE_CLUSTER_SEED"] ?? Date.now() % 1_000_000);
const LEASE_MS = 3_000;
const CALLERS = 48;

/** A folder on a disk of its own that can be filled; null without the right to mount one. */
const smallDisk = (folder: string): string | null => {
  mkdirSync(folder);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync("umount", ["--lazy", folder]));
  return folder;
};

// Far more than a server needs to notice that a client is gone.
const SETTLE_MS = 10_000;

const fill = (folder: string): boolean => {
  try {
    writeFileSync(join(folder, "filler"), Buffer.alloc(8 * 1024 * 1024));
    return false;
  } catch {
    return true;
  }
};

const agentOf = (n: number): string => {
  const kinds = ["parent", "sleeper", "asker", "stayer"];
  return n % 5 === 0 ? (kinds[(n / 5) % kinds.length] ?? "worker") : "worker";
};

test("what three nodes were given is done once, whatever becomes of them and of their database", async (context) => {
  const random = randomOf(SEED);
  const folder = mkdtempSync(join(tmpdir(), "agentcore-cluster-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const database = await startDatabase();
  if (database === null) return context.skip("needs a PostgreSQL that can be started and taken down");
  const ledger = join(folder, "effects.jsonl");
  writeFileSync(ledger, "");
  const disk = smallDisk(join(folder, "small"));
  const env = { CLUSTER_DATABASE: database.url, CLUSTER_LEASE_MS: `${LEASE_MS}`, CLUSTER_LEDGER: ledger };
  const cluster = new Cluster(
    ["a", "b", "c"].map((name) => ({
      name,
      env,
      dataDirectory: name === "c" && disk !== null ? disk : mkdtempSync(join(folder, `${name}-`)),
    })),
    new URL("./cluster/cluster-node.ts", import.meta.url),
  );
  onTestFinished(() => cluster.end());
  await Promise.all([0, 1, 2].map((index) => cluster.start(index)));

  const faults = { killed: 0, stopped: 0, databaseDown: 0, diskFull: 0 };
  const submissions: Submission[] = [];
  let isOver = false;

  const use = async (n: number): Promise<void> => {
    const agent = agentOf(n);
    const { taskId } = await cluster.call("submit", { target: { agent }, input: { n }, idempotencyKey: `task ${n}` });
    submissions.push({ taskId, agent, n });
    if (agent !== "asker" && agent !== "stayer") return;
    // An answer is one that came after the question.
    while ((await cluster.call("head", taskId)).state !== "input-required") await pause(100);
    const message = { messageId: `answer ${n}`, role: "ROLE_USER" as const, parts: [{ text: `answer to ${n}` }] };
    await (agent === "asker" ? cluster.call("send", taskId, message) : cluster.call("cancel", taskId, "enough"));
  };
  const useAll = async (): Promise<void> => {
    const numbers = Array.from({ length: TASKS }, (_, n) => n).values();
    await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        for (const n of numbers) await use(n);
      }),
    );
  };

  const spoil = async (): Promise<void> => {
    for (let round = 1; !isOver; round++) {
      await pause(1_000 + random() * 2_000);
      const index = Math.floor(random() * cluster.size);
      // Twice, whatever chance says, and before the work is done.
      if (round === 2 || round === 6) {
        database.crash();
        faults.databaseDown += 1;
      } else if (round === 3 && disk !== null) faults.diskFull += fill(disk) ? 1 : 0;
      // Each at least once, whatever chance says.
      else if (faults.killed === 0 || (faults.stopped > 0 && random() < 0.6))
        faults.killed += (await cluster.kill(index)) ? 1 : 0;
      else faults.stopped += (await cluster.stop(index, LEASE_MS * (1.1 + random()))) ? 1 : 0;
    }
  };

  const states = async (): Promise<Map<string, number>> => {
    const { totalSize } = await cluster.call("list", { pageSize: 1 });
    const done = await cluster.call("list", { pageSize: 1, states: ["completed", "canceled", "failed", "rejected"] });
    const parked = await cluster.call("list", { pageSize: 100, states: ["parked"] });
    for (const { taskId } of parked.heads) parkedTasks.add(taskId);
    return new Map([
      ["open", totalSize - done.totalSize - parked.totalSize],
      ["parked", parked.totalSize],
    ]);
  };
  const parkedTasks = new Set<string>();

  const spoiling = spoil();
  const began = Date.now();
  await useAll();
  // The last faults come while the rest is being done.
  await pause(3_000);
  isOver = true;
  await spoiling;
  let progress = 0;
  for (
    let left = await states(), idle = 0;
    (left.get("open") ?? 0) + (left.get("parked") ?? 0) > 0;
    left = await states()
  ) {
    const open = (left.get("open") ?? 0) + (left.get("parked") ?? 0);
    idle = open === progress ? idle + 1 : 0;
    progress = open;
    expect(idle, `nothing moves: ${JSON.stringify([...left])}`).toBeLessThan(60);
    // What lost its process too often waits for a word.
    for (const taskId of parkedTasks) await cluster.call("retry", taskId).catch(() => undefined);
    await pause(500);
  }
  const seconds = (Date.now() - began) / 1000;
  await cluster.end();

  const { tasks: store, blobs, close } = await openPostgres({ url: database.url, node: "judge" });
  const tasks = createPayloadStore({ store, blobs, codec: createTestCodec([]) });
  const logs = new Map<string, TaskEvent[]>();
  const settledBy = Date.now() + SETTLE_MS;
  for (let cursor: string | null = null; ; ) {
    const rows = await tasks.tail({ after: cursor, limit: 10_000 });
    for (const { taskId, event } of rows) {
      if (event.type === "event.unreadable") throw event.data.error;
      const log = logs.get(taskId);
      if (log === undefined) logs.set(taskId, [event]);
      else log.push(event);
    }
    cursor = rows.at(-1)?.cursor ?? cursor;
    if (rows.length > 0) continue;
    // What the last connections of killed nodes hold open hides what was committed after it began: the server ends them in a moment.
    const isAllThere = submissions.every(({ taskId }) => logs.has(taskId)) && [...logs.values()].every(isEnded);
    if (isAllThere || Date.now() > settledBy) break;
    await pause(100);
  }
  await close();
  const effects = readFileSync(ledger, "utf8")
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Effect]));
  const verdict = judgeCluster(submissions, logs, effects);
  console.log(
    `seed ${SEED}: ${logs.size} tasks in ${seconds.toFixed(0)} s × ${faults.killed} kills × ${faults.stopped} stops × ${faults.databaseDown} ends of the database × ${faults.diskFull} full disks × ` +
      `${effects.length} effects, ${verdict.repeatedInFlight} of them again in flight, ${parkedTasks.size} tasks parked and retried × ${verdict.repeatedRecorded} repeated recorded steps × ${verdict.lost} lost`,
  );
  expect(verdict).toMatchObject({ lost: 0, repeatedRecorded: 0, faults: [] });
  expect(faults.killed * faults.stopped * faults.databaseDown).toBeGreaterThan(0);
  expect(faults.databaseDown).toBe(2);
  expect(faults.diskFull).toBe(disk === null ? 0 : 1);
}, 900_000);
