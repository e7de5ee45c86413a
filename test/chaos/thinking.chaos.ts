/**
 * Kills a real node with SIGKILL while its agents think: when a call of a model or a tool has come to the outside and nothing is answered, when its answer is on the
 * way, and some milliseconds later. Started again on the same folder, it finishes its work, and what reached the outside is judged by content.
 * `AGENTCORE_THINKING_SEED` says which run, `AGENTCORE_THINKING_ROUNDS` how many times twelve kills.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { TaskEvent } from "@agentcore/contract";
import { expect, onTestFinished, test } from "vitest";
import { NodeProcess } from "../e2e/node-process.ts";
import { readFolder } from "./data-folder.ts";
import { randomOf } from "./random-of.ts";
import { answerMark, judgeCalls, type Reached } from "./thinking/judge-calls.ts";
import { type Outside, startOutside, type Trigger } from "./thinking/outside.ts";

const SEED = Number(process.env["AGENTCORE_THINKING_SEED"] ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env["AGENTCORE_THINKING_ROUNDS"] ?? 1);
const PROGRAM = new URL("./thinking/thinking-node.ts", import.meta.url);
const LIFE_LIMIT_MS = 30_000;

/** What a task was doing when its node died. */
type Phase = "asking a model" | "acting by a tool" | "between, an answer not in the log" | "between";

interface Job {
  readonly agent: string;
  readonly job: string;
  taskId: string | null;
  isOver: boolean;
}

interface Run {
  readonly outside: Outside;
  readonly durable: readonly string[];
  /** Logs of all tasks, at the end. */
  readonly events: readonly TaskEvent[];
  readonly jobs: readonly Job[];
  /** How many tasks were met in which phase, by their agent. */
  readonly phases: ReadonlyMap<string, number>;
  readonly kills: number;
}

const OVER = ["completed", "failed", "parked", "rejected", "canceled"];

/** `triggers`: of each life but the last, for a new task of that agent. */
const live = async (
  random: () => number,
  triggers: readonly (Omit<Trigger, "job"> & { readonly agent: string })[],
): Promise<Run> => {
  const folder = mkdtempSync(join(tmpdir(), "agentcore-thinking-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const outside = await startOutside(() => 5 + random() * 20);
  onTestFinished(() => outside.close());
  const jobs: Job[] = [];
  const durable: string[] = [];
  const phases = new Map<string, number>();
  let kills = 0;
  for (let life = 0; life <= triggers.length; life++) {
    const node = NodeProcess.launch(folder, { OUTSIDE: outside.url }, PROGRAM);
    const trigger = triggers[life];
    const job = `job-${life}`;
    if (trigger !== undefined) jobs.push({ agent: trigger.agent, job, taskId: null, isOver: false });
    outside.begin(life, trigger === undefined ? null : { ...trigger, job }, () => void node.kill());
    const isDead = await Promise.race([node.gone.then(() => true), drive(node, jobs).then(() => false)]);
    if (!isDead) await node.kill();
    else kills += 1;
    const { logs } = await readFolder(folder);
    const events = [...logs.values()].flat();
    durable.push(JSON.stringify(events));
    if (isDead)
      for (const phase of phasesOf(jobs, outside, durable[life] ?? "", life))
        phases.set(phase, (phases.get(phase) ?? 0) + 1);
    if (life === triggers.length || (!isDead && trigger === undefined))
      return { outside, durable, events, jobs, phases, kills };
  }
  throw new Error("the last life comes to an end");
};

/** Hands in what is new, once, and waits until all is over. A node that dies leaves it waiting. */
const drive = async (node: NodeProcess, jobs: readonly Job[]): Promise<void> => {
  const givesUpAt = Date.now() + LIFE_LIMIT_MS;
  try {
    for (const job of jobs) {
      if (job.taskId !== null) continue;
      const target = { agent: job.agent };
      const { taskId } = await node.call("submit", { target, input: `Do ${job.job}.`, idempotencyKey: job.job });
      job.taskId = taskId;
    }
    for (;;) {
      for (const job of jobs) {
        const head = job.isOver ? null : await node.call("head", job.taskId);
        job.isOver ||= head !== null && OVER.includes(head.state);
      }
      if (jobs.every(({ isOver }) => isOver)) return;
      if (Date.now() > givesUpAt)
        throw new Error(
          `not over in time: ${jobs
            .filter(({ isOver }) => !isOver)
            .map(({ agent, job }) => `${agent} ${job}`)
            .join(", ")}`,
        );
      await pause(20);
    }
  } catch (error) {
    if (/the node is gone|channel closed|EPIPE|ERR_IPC/i.test(String(error))) return new Promise(() => {});
    throw error;
  }
};

const phasesOf = (jobs: readonly Job[], { open, reached }: Outside, durable: string, life: number): string[] =>
  jobs
    .filter(({ isOver, taskId }) => !isOver && taskId !== null)
    .map(({ agent, job }) => {
      const own = (call: Reached): boolean => call.job === job && call.life === life;
      const ownOpen = [...open].filter(own);
      const isUnwritten = reached.some((call) => own(call) && call.isAnswered && !durable.includes(answerMark(call)));
      const phase: Phase = ownOpen.some(({ kind }) => kind === "tool")
        ? "acting by a tool"
        : ownOpen.length > 0
          ? "asking a model"
          : isUnwritten
            ? "between, an answer not in the log"
            : "between";
      return `${agent}: ${phase}`;
    });

const compareText = (left: string, right: string): number => (left < right ? -1 : 1);
const AGENTS = ["reacting", "planning", "chatting"] as const;

test("agents that think finish their work wherever their node is killed: no recorded answer is asked for again, no effect is doubled (I3, I4, I10)", async () => {
  const random = randomOf(SEED);
  const upTo = (most: number): number => 1 + Math.floor(random() * most);
  const afterAnswer = (): number => Math.floor(random() * 8);
  const round = () =>
    AGENTS.flatMap((agent) => [
      { agent, kind: "model" as const, nth: upTo(4), afterAnswerMs: null },
      { agent, kind: "model" as const, nth: upTo(4), afterAnswerMs: afterAnswer() },
      { agent, kind: "tool" as const, nth: upTo(3), afterAnswerMs: null },
      { agent, kind: "tool" as const, nth: upTo(3), afterAnswerMs: afterAnswer() },
    ]);
  const triggers = Array.from({ length: ROUNDS }, round).flat();
  const startedAt = performance.now();
  const { outside, durable, events, jobs, phases, kills } = await live(random, triggers);
  const { faults, repeated } = judgeCalls(outside.reached, durable);
  const unknown = events.filter(
    (event) => JSON.stringify(event).includes('"OUTCOME_UNKNOWN"') && event.type === "step.failed",
  );
  const sends = outside.reached.filter(({ tool }) => tool === "send");
  const cutOff = sends.filter((call) => !durable.at(-1)?.includes(answerMark(call)));
  console.log(
    `seed ${SEED}: ${kills} kills × ${jobs.length} tasks × ${outside.reached.length} calls outside, ${repeated.model} model calls and ${repeated.tool} effects in flight sent again, ` +
      `${sends.length} sends of which ${cutOff.length} cut off, ${unknown.length} outcomes unknown; ${Math.round((performance.now() - startedAt) / 1000)} s\n` +
      [...phases.keys()]
        .toSorted(compareText)
        .map((phase) => `  ${phase}: ${phases.get(phase)}`)
        .join("\n"),
  );
  expect(faults).toEqual([]);
  expect(jobs.every(({ isOver }) => isOver)).toBe(true);
  const ends = events.filter(({ type }) => /^task\.(completed|failed|parked|rejected|canceled)$/.test(type));
  expect(ends.filter(({ type }) => type !== "task.completed")).toEqual([]);
  expect(ends.length).toBeGreaterThanOrEqual(jobs.length);
  // What was cut off is told as such, and is what a kill met.
  expect(unknown.length).toBeGreaterThanOrEqual(cutOff.length);
  // One that falls some milliseconds after the last answer may find the task over, which is one write later.
  expect(kills).toBeGreaterThan(triggers.filter(({ afterAnswerMs }) => afterAnswerMs === null).length);
  for (const agent of AGENTS)
    for (const phase of ["asking a model", "acting by a tool"] satisfies Phase[])
      expect(phases.get(`${agent}: ${phase}`), `${agent}: ${phase}`).toBeGreaterThan(0);
}, 600_000);

test("an agent that asks and acts past ctx is found by it", async () => {
  const random = randomOf(SEED);
  const { outside, durable } = await live(random, [{ agent: "careless", kind: "model", nth: 2, afterAnswerMs: null }]);
  const { faults } = judgeCalls(outside.reached, durable);
  for (const fault of [
    /model call .* again although something was built upon/,
    /send .* acted twice/,
    /send .* under another key/,
  ])
    expect(faults.join("\n")).toMatch(fault);
}, 60_000);
