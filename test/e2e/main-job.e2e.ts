/** The main job as a user does it: the command, a node, a folder of files, a real service that fails. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { TaskEvent } from "@agentcore/contract";
import { type Client, createClient } from "@agentcore/sdk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addressOf, RunningProgram, root, runAgentcore, startAgentcore } from "./programs.ts";

const example = join(root, "examples/loan-triage");
const programs: RunningProgram[] = [];
/** Where the user stands. */
let work: string;
let url: string;
let screeningUrl: string;
let client: Client;

// A node for each test: what one learns about a service that fails must not help the next.
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), "agentcore-main-job-"));
  const script = join(example, "service/screening-service.ts");
  const screening = new RunningProgram(process.execPath, [script, "--port", "0"], { cwd: work });
  programs.push(screening);
  screeningUrl = await addressOf(screening);
  await writeFile(
    join(work, "agentcore.yaml"),
    (await readFile(join(example, "agentcore.yaml"), "utf8"))
      .replaceAll("http://127.0.0.1:4790", screeningUrl)
      .replaceAll("path: ./", `path: ${example}/`)
      .replace("./data/applications", "./inbox"),
  );
  const node = startAgentcore(["up", "--port", "0", "--data", "data", "--apply", "."], { cwd: work });
  programs.push(node);
  url = await addressOf(node);
  client = createClient({ url });
});

afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.kill("SIGTERM")));
  await rm(work, { recursive: true, force: true });
});

const agentcore = (...words: string[]) => runAgentcore(words, { cwd: work, env: { AGENTCORE_URL: url } });

const control = async (behaviour: object): Promise<void> => {
  const answer = await fetch(`${screeningUrl}/control`, { method: "POST", body: JSON.stringify(behaviour) });
  expect(answer.status).toBe(200);
};

interface Expected {
  readonly decision: string;
  readonly reasons: readonly string[];
}

/** Puts the applications of a generated set into `inbox`, under names that say nothing. */
const fillInbox = async (
  set: string,
  only: (expected: Expected) => boolean = () => true,
): Promise<Map<string, Expected>> => {
  const expectations = new Map<string, Expected>();
  await mkdir(join(work, "inbox"));
  for (const file of (await readdir(join(set, "applications"))).toSorted()) {
    const { decision, reasons } = JSON.parse(await readFile(join(set, "expected", `${file}.json`), "utf8")) as Expected;
    if (!only({ decision, reasons })) continue;
    const name = `scan ${String(expectations.size).padStart(2, "0")}`;
    await copyFile(join(set, "applications", file), join(work, "inbox", name));
    expectations.set(name, { decision, reasons });
  }
  return expectations;
};

interface Report {
  readonly decisions: readonly { readonly application: string; readonly decision: string; readonly letter?: string }[];
  readonly lettersDirectory: string;
}

const decided = ({ decisions }: Report) =>
  new Map(decisions.map(({ application, decision }) => [application, decision]));

const expectedDecisions = (expected: Map<string, Expected>) =>
  new Map([...expected].map(([name, { decision }]) => [name, decision]));

const eventsOf = async (taskId: string): Promise<TaskEvent[]> => {
  const events: TaskEvent[] = [];
  const { head } = await client.get(taskId);
  for await (const event of client.events(taskId)) {
    events.push(event);
    if (event.seq >= head.seq) break;
  }
  return events;
};

/** Reasons of each decision, as the artifact of the run gives them. */
const reasonsIn = (events: readonly TaskEvent[]): Map<string, readonly string[]> => {
  const artifact = events.findLast(
    (event) => event.type === "artifact.appended" && event.data.artifact.name === "decisions.json",
  );
  if (artifact?.type !== "artifact.appended") throw new Error("no decisions.json");
  const entries = artifact.data.artifact.parts[0]?.data as {
    readonly application: string;
    readonly decision: { readonly reasons: readonly { readonly code: string }[] };
  }[];
  return new Map(
    entries.map(({ application, decision }) => [application, decision.reasons.map(({ code }) => code).toSorted()]),
  );
};

const taskOf = async (agent: string): Promise<string> => (await client.list({ agent })).heads[0]?.taskId ?? "";

test("a folder of one's own is decided by `agentcore run`, whatever the files are called and whatever is in them", async () => {
  const kinds = (await readdir(join(example, "data/applications"))).map((file) => extname(file));
  for (const kind of [".pdf", ".txt", ".csv", ".json"])
    expect(kinds.filter((each) => each === kind).length, kind).toBeGreaterThanOrEqual(3);
  const expected = await fillInbox(join(example, "data"));
  const codes = new Set([...expected.values()].flatMap(({ reasons }) => reasons.map((code) => code.split("-")[0])));
  for (const trouble of ["missing", "contradictory", "document", "sanctions"]) expect(codes).toContain(trouble);

  const { code, stdout } = await agentcore("run", "loan-triage", "--input", "./inbox", "-o", "json");
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as Report;
  expect(decided(report)).toEqual(expectedDecisions(expected));
  expect(reasonsIn(await eventsOf(await taskOf("loan-triage")))).toEqual(
    new Map([...expected].map(([name, { reasons }]) => [name, reasons.toSorted()])),
  );
  expect(report.lettersDirectory).toBe(join(work, "inbox-letters"));
  expect(await readdir(report.lettersDirectory)).toHaveLength(expected.size);
});

test("applications that nobody has seen before are decided as their truth demands, without --input from the manifest's own folder", async () => {
  const generate = new RunningProgram(
    process.execPath,
    [join(example, "generator/generate.ts"), "--out", "fresh", "--seed", "20261121", "--count", "40"],
    { cwd: work },
  );
  await generate.ended;
  const expected = await fillInbox(join(work, "fresh"));
  const apply = await agentcore("apply", ".");
  expect(apply.stdout).toMatch(/loan-triage +configured/);
  const { code, stdout, stderr } = await agentcore("run", "loan-triage", "-o", "json");
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(`input ${join(work, "inbox")} (`),
  });
  expect(decided(JSON.parse(stdout) as Report), generate.output).toEqual(expectedDecisions(expected));
});

test("a screening that fails once is tried again by the same agent", async () => {
  await control({ mode: "fail", count: 1 });
  const expected = await fillInbox(join(example, "data"), ({ decision }) => decision === "approve");
  const { stdout } = await agentcore("run", "loan-triage", "--input", "inbox", "-o", "json");
  expect(decided(JSON.parse(stdout) as Report)).toEqual(expectedDecisions(expected));
  const tasks = await client.list({ agent: "compliance" });
  const logs = await Promise.all(tasks.heads.map(({ taskId }) => eventsOf(taskId)));
  const failures = logs.filter((log) => log.some(({ type }) => type === "step.failed"));
  expect(failures).toHaveLength(1);
  expect(failures[0]?.at(-1)?.type).toBe("task.completed");
  expect((await client.list({ agent: "compliance-backup" })).heads).toEqual([]);
});

test("a screening that fails and then hangs is tried again, then the second compliance agent takes over; the rest goes on meanwhile", async () => {
  // Two are told to go away, all others wait for an answer that never comes.
  await control({ mode: "fail", count: 2, next: "hang" });
  const expected = await fillInbox(join(example, "data"));
  // Read first and known to need nobody's screening.
  for (const name of ["0 empty", "1 noise"]) {
    await writeFile(join(work, "inbox", name), name === "0 empty" ? "" : Buffer.from([0, 1, 2, 3, 255, 254]));
    expected.set(name, { decision: "refer", reasons: [] });
  }
  const { code, stdout } = await agentcore("run", "loan-triage", "--input", "inbox", "-o", "json");
  expect(code).toBe(0);
  expect(decided(JSON.parse(stdout) as Report)).toEqual(expectedDecisions(expected));

  const taskId = await taskOf("loan-triage");
  const firstLetter = (await eventsOf(taskId)).find(
    (event) => event.type === "step.completed" && event.data.path.startsWith("command:capability:letter-writing"),
  );
  const assessments = await client.list({ agent: "loan-assessment" });
  const assessed = await Promise.all(assessments.heads.map((head) => eventsOf(head.taskId)));
  const rerouted = assessed
    .flat()
    .filter((event) => event.type === "decision.made" && event.data.choice === "compliance-backup");
  expect(firstLetter).toBeDefined();
  expect(Math.min(...rerouted.map(({ at }) => at))).toBeGreaterThan(firstLetter?.at ?? Number.POSITIVE_INFINITY);

  const failed = await client.list({ agent: "compliance", state: "failed" });
  const logs = await Promise.all(failed.heads.map(({ taskId: id }) => eventsOf(id)));
  const attempts = logs.map((log) => log.filter(({ type }) => type === "step.failed").length);
  expect(attempts.length).toBeGreaterThan(0);
  expect(attempts.every((count) => count === 3)).toBe(true);
  const messages = logs.flat().map((event) => (event.type === "step.failed" ? event.data.error.message : ""));
  expect(messages.some((message) => message.includes("503"))).toBe(true);
  expect(
    messages.some((message) => /in time|did not answer|timed? ?out/i.test(message)),
    messages.join("\n"),
  ).toBe(true);

  const trace = await agentcore("trace", taskId);
  expect(trace.stdout).toMatch(/routing -> compliance-backup/);
});
