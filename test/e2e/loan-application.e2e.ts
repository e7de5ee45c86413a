/** The loan triage's workflow as people use it: the command line, real processes, a `kill -9`, and what stays reserved. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskEvent } from "@agentcore/contract";
import { type Client, createClient } from "@agentcore/sdk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Reservation, readReservations } from "../../examples/loan-triage/src/domain/reservations.ts";
import { addressOf, type RunningProgram, root, runAgentcore, startAgentcore } from "./programs.ts";

const example = join(root, "examples/loan-triage");
// Its score is one for which the rules have no answer.
const borderline = "application-007.pdf";
let node: RunningProgram;
/** Where the user stands. */
let work: string;
let url: string;
let client: Client;

const startNode = async (): Promise<void> => {
  node = startAgentcore(["up", "--port", "0", "--data", "data", "--apply", "."], { cwd: work });
  url = await addressOf(node);
  client = createClient({ url });
};

beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), "agentcore-loan-application-"));
  await mkdir(join(work, "inbox"));
  await cp(join(example, "data/applications", borderline), join(work, "inbox", borderline));
  await writeFile(
    join(work, "agentcore.yaml"),
    (await readFile(join(example, "agentcore.yaml"), "utf8"))
      // Nothing listens there and nothing can be started there: the second compliance agent answers, with nothing to wait for.
      .replaceAll("http://127.0.0.1:4790", "http://screening.invalid:9")
      .replaceAll("path: ./", `path: ${example}/`),
  );
  await startNode();
});

afterEach(async () => {
  await node.kill("SIGTERM");
  await rm(work, { recursive: true, force: true });
});

const agentcore = (...words: string[]) => runAgentcore(words, { cwd: work, env: { AGENTCORE_URL: url } });
const reservations = () => readReservations(join(work, "loan-reservations"));
const reserved = (state: Reservation["state"]) => [expect.objectContaining({ application: borderline, state })];

const eventsOf = async (taskId: string): Promise<TaskEvent[]> => {
  const events: TaskEvent[] = [];
  const { head } = await client.get(taskId);
  for await (const event of client.events(taskId)) {
    events.push(event);
    if (event.seq >= head.seq) break;
  }
  return events;
};
/** How often a step of the task was done, as its log tells. */
const times = async (taskId: string, path: string): Promise<number> =>
  (await eventsOf(taskId)).filter((event) => event.type === "step.completed" && event.data.path === path).length;

/** Runs the triage; the id of the task that waits for a person. */
const openCase = async (): Promise<string> => {
  const run = await agentcore("run", "loan-triage", "--input", "inbox", "-o", "json");
  expect(run.code, run.stderr).toBe(0);
  expect(JSON.parse(run.stdout)).toMatchObject({ waiting: [borderline], decisions: [{ decision: "refer" }] });
  return waiting();
};

/** What the inbox has, once it has it. */
const waiting = async (): Promise<string> => {
  const items = async () =>
    JSON.parse((await agentcore("inbox", "-o", "json")).stdout) as { taskId: string; agent: string; kind: string }[];
  await expect
    .poll(items, { timeout: 30_000 })
    .toEqual([expect.objectContaining({ agent: "loan-application", kind: "approval" })]);
  return (await items())[0]?.taskId ?? "";
};

const letter = () => readFile(join(work, "inbox-letters", `${borderline}.after-review.txt`), "utf8");

test("a yes from the inbox keeps what is reserved and brings the letter; an answer that is none changes nothing", async () => {
  const taskId = await openCase();
  expect(await reservations()).toEqual(reserved("reserved"));
  expect(await readFile(join(work, "inbox-letters", `${borderline}.txt`), "utf8")).toMatch(
    /^We are looking at your application\n/,
  );
  const refused = await agentcore("decide", taskId, "--choice", "perhaps");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("DECISION_REFUSED");
  const said = await agentcore("send", taskId, "yes, do it");
  expect(said.code).toBe(1);

  const decided = await agentcore("decide", taskId, "--choice", "approve", "--comment", "income confirmed");
  expect(decided).toMatchObject({ code: 0, stdout: `decided: approve, for ${taskId}\n` });
  expect(decided.stderr).toContain(`${borderline}: Noor Nyström, €42,200.00. Approve, decline or ask for information?`);
  const watched = JSON.parse((await agentcore("watch", taskId, "-o", "json")).stdout) as object;
  expect(watched).toMatchObject({
    decision: { outcome: "approve", reasons: [{ message: "income confirmed" }, { code: "score-borderline" }] },
    reservation: { state: "reserved" },
  });
  expect(await letter()).toMatch(/^Your loan is approved\n/);
  expect(await reservations()).toEqual(reserved("reserved"));
});

test("a no releases what is reserved", async () => {
  const taskId = await openCase();
  expect((await agentcore("decide", taskId, "--choice", "decline")).code).toBe(0);
  await agentcore("watch", taskId);
  expect(await letter()).toMatch(/^Your loan application\n/);
  expect(await reservations()).toEqual(reserved("released"));
});

test("killed without warning and started again it still waits, and a cancel releases what was reserved, once", async () => {
  const run = agentcore("run", "loan-triage", "--input", "inbox", "-o", "json");
  // In the middle: it is reserved, and perhaps nobody has written down that it is.
  await expect.poll(reservations, { timeout: 30_000, interval: 5 }).toEqual(reserved("reserved"));
  await node.kill("SIGKILL");
  await run;
  await startNode();
  const taskId = await waiting();
  expect(await reservations()).toEqual(reserved("reserved"));
  expect(await times(taskId, "step:reserve")).toBe(1);

  const canceled = agentcore("cancel", taskId);
  await expect.poll(reservations, { timeout: 30_000, interval: 5 }).toEqual(reserved("released"));
  await node.kill("SIGKILL");
  await canceled;
  await startNode();
  await expect.poll(async () => (await client.get(taskId)).head.state, { timeout: 60_000 }).toBe("canceled");
  expect(await reservations()).toEqual(reserved("released"));
  expect(await times(taskId, "step:reserve")).toBe(1);
  expect(await times(taskId, "step:reserve~undo")).toBe(1);
  const shown = await agentcore("describe", "task", taskId);
  expect(shown.stdout).toContain("canceled");
});
