import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type RunningNode, startNode } from "@agentcore/server";
import { type Benchmark, judge } from "../benchmark.ts";
import { format, median, PAIRS } from "../measure.ts";
import { REPORTS_OF_TASK } from "../reports/teller.ts";
import { withFolder } from "../scratch.ts";

const TELLERS = Number(process.env["BENCH_TELLERS"] ?? 100);
const LINES = 3;
const POLL_MS = 50;
const PATIENCE_MS = 300_000;

interface Task {
  readonly status: { readonly state: string };
  readonly artifacts?: readonly { readonly parts: readonly { readonly data?: unknown }[] }[];
}

interface Round {
  readonly perSecond: number;
  readonly cpuMs: number;
}

export const benchmark: Benchmark = {
  name: "reports-taken",
  what: "reports/s, of two kinds, that the standard agents `log` and `monitor` take in and have kept, durable on SQLite, told included",
  unit: "reports/s",
  floor: null,
  async run() {
    const rounds: Round[] = [];
    const alone: number[] = [];
    for (let round = 0; round < PAIRS; round++) {
      rounds.push(await withFolder((folder) => play(folder, true)));
      alone.push((await withFolder((folder) => play(folder, false))).cpuMs);
    }
    const cpuMs = median(rounds.map((round) => round.cpuMs));
    const told = median(alone);
    return judge(benchmark, { ours: median(rounds.map(({ perSecond }) => perSecond)), peer: null, ratio: null }, [
      `${TELLERS} tasks at once tell ${REPORTS_OF_TASK} reports of each kind, of ${LINES} lines or one number; until all of them can be found`,
      `CPU of the process: ${format(cpuMs)} ms a report, of it ${format(told)} ms to tell one to nobody`,
      `reports/s of each round: ${rounds.map(({ perSecond }) => format(perSecond)).join(" ")}`,
    ]);
  },
};

const play = async (dataDirectory: string, isKept: boolean): Promise<Round> => {
  const node = await startNode({ dataDirectory, port: 0, logLevel: "error" });
  try {
    await node.ready;
    const manifest = (name: string, spec: object) => ({
      ...{ apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name }, spec },
    });
    const path = fileURLToPath(new URL("../reports/teller.ts", import.meta.url));
    await node.apply([
      manifest("teller", { code: { path, export: "teller" }, concurrency: 2000 }),
      ...(isKept ? ["log", "monitor"].map((name) => manifest(name, { standard: { name } })) : []),
    ]);
    const each = TELLERS * REPORTS_OF_TASK;
    const before = process.cpuUsage();
    const begun = performance.now();
    const tellers = await Promise.all(Array.from({ length: TELLERS }, () => ask(node, "teller", null)));
    if (tellers.length !== TELLERS) throw new Error("not all have told");
    if (isKept) await until(async () => (await linesKept(node)) === each * LINES && (await numbersKept(node)) === each);
    const ms = performance.now() - begun;
    const { user, system } = process.cpuUsage(before);
    return { perSecond: (2 * each * 1000) / ms, cpuMs: (user + system) / 1000 / (2 * each) };
  } finally {
    await node.close(1000);
  }
};

const linesKept = async (node: RunningNode): Promise<number> =>
  ((await ask(node, "log", { count: { by: "level" } })) as { written: number }).written;

const numbersKept = async (node: RunningNode): Promise<number> => {
  const { numbers } = (await ask(node, "monitor", { show: { minutes: 15 } })) as {
    numbers: readonly { count: number }[];
  };
  return numbers.reduce((sum, { count }) => sum + count, 0);
};

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const givenUpAt = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > givenUpAt) throw new Error("reports are missing");
    await wait(POLL_MS);
  }
};

/** A task of the agent, and what it returned. */
const ask = async (node: RunningNode, agent: string, input: unknown): Promise<unknown> => {
  const response = await node.fetch(`${node.url}/api/v1/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ target: `agent:${agent}`, input, wait: true }),
  });
  const text = await response.text();
  const { task } = JSON.parse(text) as { readonly task?: Task };
  if (task?.status.state !== "TASK_STATE_COMPLETED") throw new Error(`${agent}: ${text.slice(0, 500)}`);
  return task.artifacts?.at(-1)?.parts[0]?.data;
};
