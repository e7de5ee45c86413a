/**
 * Kills a real node with SIGKILL before and after every call of every port and inside every batch, restarts it, and
 * looks at what became of the work. `AGENTCORE_MATRIX=full` tries every call; otherwise every point's first, and some more.
 * Any other value tries only the points whose names hold it.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ended, firstLine, startProcess } from "./child-process.ts";
import { choosePoints, commonCounts, countPoints } from "./choose-points.ts";
import { type FolderState, readFolder } from "./data-folder.ts";
import { isOver, judge, type Verdict } from "./judge-run.ts";
import type { Effect } from "./scenario/report-effect.ts";

// More than there are processors: half of a run is waiting.
const PARALLEL = 4;
// Some numbers come only now and then (a batch more, a batch less): a point counts as unreachable after this many runs.
const NEVER_REACHED = "never reached";
const TRIES = 3;
const RUN_TIMEOUT_MS = 30_000;

const selection = process.env["AGENTCORE_MATRIX"] ?? "";
const full = selection === "full";
let folder = "";
let effectsUrl = "";
let effectsServer: ReturnType<typeof startProcess>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-matrix-"));
  effectsServer = startProcess("./effects-server.ts", { args: [join(folder, "effects.jsonl")] });
  effectsUrl = await firstLine(effectsServer);
});

afterAll(async () => {
  effectsServer.kill();
  await rm(folder, { recursive: true, force: true });
});

const runNode = (scenario: string, more: Readonly<Record<string, string>> = {}) =>
  ended(
    startProcess("./matrix-node.ts", {
      env: { MATRIX_DATA: join(folder, scenario), MATRIX_SCENARIO: scenario, MATRIX_EFFECTS: effectsUrl, ...more },
    }),
    RUN_TIMEOUT_MS,
  );

const effectsOf = async (scenario: string): Promise<Effect[]> => {
  const text = await readFile(join(folder, "effects.jsonl"), "utf8");
  const effects = text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Effect]));
  return effects.filter((effect) => effect.scenario === scenario);
};

const NOTHING: FolderState = { heads: new Map(), logs: new Map(), acknowledged: new Map() };

/** A run without faults, judged like the others; returns how often it passed each point. */
const dryRun = async (scenario: string): Promise<Map<string, number>> => {
  const record = join(folder, `${scenario}.points`);
  const { code, stderr, pid } = await runNode(scenario, { MATRIX_RECORD: record });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const verdict = judge(NOTHING, await readFolder(join(folder, scenario)), await effectsOf(scenario), -pid);
  expect(verdict).toEqual({ repeatedRecorded: 0, lost: 0, repeatedInFlight: 0, faults: [] });
  return countPoints(await readFile(record, "utf8"));
};

interface PointRun extends Verdict {
  readonly point: string;
  readonly runs: number;
  readonly resumed: boolean;
}

const failed = (point: string, runs: number, faults: readonly string[]): PointRun => ({
  point,
  runs,
  resumed: false,
  repeatedRecorded: 0,
  lost: 0,
  repeatedInFlight: 0,
  faults,
});

/** How often a poll or a retry happens varies: where its nth call does not come again, the kill is at an earlier one. */
const crashAt = async (point: string): Promise<PointRun> => {
  const [name = point, call = "1"] = point.split("#");
  for (let nth = Number(call); nth > 1; nth--) {
    const result = await crashExactlyAt(`${name}#${nth}`);
    if (result.faults[0] !== NEVER_REACHED) return result;
  }
  return crashExactlyAt(`${name}#1`);
};

const crashExactlyAt = async (point: string): Promise<PointRun> => {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const scenario = `${point.replaceAll(/[^a-zA-Z0-9]/g, "-")}-${attempt}`;
    const directory = join(folder, scenario);
    const first = await runNode(scenario, { MATRIX_POINT: point });
    if (first.signal !== "SIGKILL") {
      if (first.code !== 3)
        return failed(point, attempt, [`before the point: exit ${first.code} ${first.signal} ${first.stderr}`]);
      await rm(directory, { recursive: true, force: true });
      continue;
    }
    const before = await readFolder(directory);
    const second = await runNode(scenario);
    const after = await readFolder(directory);
    const ok = second.code === 0 && isOver(after);
    const verdict = judge(before, after, await effectsOf(scenario), first.pid);
    await rm(directory, { recursive: true, force: true });
    const faults = ok
      ? verdict.faults
      : [...verdict.faults, `restart: exit ${second.code} ${second.signal} ${second.stderr}`];
    return { ...verdict, point, runs: attempt, resumed: ok, faults };
  }
  return failed(point, TRIES, [NEVER_REACHED]);
};

const runAll = async (points: readonly string[]): Promise<PointRun[]> => {
  const results: PointRun[] = [];
  const waiting = [...points];
  const work = async (): Promise<void> => {
    for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
      const result = await crashAt(point);
      results.push(result);
      if (result.faults.length > 0) process.stdout.write(`${point}: ${result.faults.join("; ")}\n`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return results;
};

const sum = (results: readonly PointRun[], of: (result: PointRun) => number): number =>
  results.reduce((total, result) => total + of(result), 0);

test(
  "a node that is killed anywhere finishes its work and repeats nothing that was recorded (I3, I4, I5, I10)",
  async () => {
    const counts = commonCounts(...(await Promise.all([dryRun("dry-1"), dryRun("dry-2")])));
    for (const name of [
      "tasks.commit.inside",
      "tasks.commit.written",
      "models.generate.before",
      "router.query.after",
      "bus.command.before",
    ]) {
      expect(counts.get(name), name).toBeGreaterThan(0);
    }
    const points = choosePoints(counts, full).filter((point) => full || point.includes(selection));
    const calls = [...counts.values()].reduce((total, count) => total + count, 0);
    const startedAt = performance.now();
    const results = await runAll(points);
    const seconds = Math.round((performance.now() - startedAt) / 1000);

    const bad = results.filter(({ faults }) => faults.length > 0);
    process.stdout.write(
      `crash matrix: ${counts.size} points × ${points.length} runs (of ${calls} calls${full ? ", full" : ", sampled"}) × ` +
        `${results.filter(({ resumed }) => resumed).length} resumed × ${sum(results, ({ repeatedRecorded }) => repeatedRecorded)} repeated recorded steps × ` +
        `${sum(results, ({ lost }) => lost)} lost; ${sum(results, ({ repeatedInFlight }) => repeatedInFlight)} effects in flight ran again with their key; ` +
        `${sum(results, ({ runs }) => runs - 1)} runs passed a point by and were repeated; ${seconds} s\n`,
    );
    expect(bad.map(({ point, faults }) => ({ point, faults }))).toEqual([]);
    expect(sum(results, ({ lost, repeatedRecorded }) => lost + repeatedRecorded)).toBe(0);
    expect(results.every((result) => result.resumed)).toBe(true);
  },
  full ? 7_200_000 : 900_000,
);
