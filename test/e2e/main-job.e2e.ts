/** The main job as a user runs it: the command, a node, real files, a real service that fails, a person who answers. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "@agentcore/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addressOf, RunningProgram, root, startAgentcore } from "./programs.ts";

const work = mkdtempSync(join(tmpdir(), "agentcore-main-job-"));
const screening = new RunningProgram(
  process.execPath,
  [join(root, "examples/loan-triage/service/screening-service.ts"), "--port", "0"],
  { cwd: work },
);
const node = startAgentcore(["up", "--port", "0", "--data", "data", "--apply", join(root, "examples")], { cwd: work });
let client: Client;
let screeningUrl: string;

const control = (mode: string) =>
  fetch(`${screeningUrl}/control`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ mode }),
  });

beforeAll(async () => {
  screeningUrl = await addressOf(screening);
  client = createClient({ url: await addressOf(node) });
}, 60_000);

afterAll(async () => {
  await Promise.all([node.kill("SIGTERM"), screening.kill("SIGTERM")]);
  rmSync(work, { recursive: true, force: true });
});

interface Report {
  readonly decisions: readonly { readonly application: string; readonly decision: string; readonly letter?: string }[];
  readonly waiting: readonly string[];
}

/** The committed applications under names that say nothing, with what is expected of each. */
const applications = (name: string): { directory: string; expected: Map<string, string> } => {
  const directory = join(work, name);
  cpSync(join(root, "examples/loan-triage/data/applications"), directory, { recursive: true });
  const expected = new Map<string, string>();
  for (const [index, file] of readdirSync(directory).toSorted().entries()) {
    renameSync(join(directory, file), join(directory, `f${index}`));
    const outcome = JSON.parse(
      readFileSync(join(root, "examples/loan-triage/data/expected", `${file}.json`), "utf8"),
    ) as { decision: string };
    expected.set(`f${index}`, outcome.decision);
  }
  return { directory, expected };
};

const decide = (directory: string) =>
  client.run<Report>({
    target: "agent:loan-triage",
    input: { directory, outDirectory: `${directory}-letters`, screeningUrl },
  });
const outcomes = (report: Report) =>
  new Map(report.decisions.map(({ application, decision }) => [application, decision]));

test("every application is decided as expected, whatever its file is called", async () => {
  const { directory, expected } = applications("ok");
  const { output } = await decide(directory);
  expect(outcomes(output)).toEqual(expected);
  expect(readdirSync(`${directory}-letters`).length).toBe(expected.size);
});

test("a person's answer settles a referred application, and only a fitting one does", async () => {
  const open = await client.list({ agent: "case-officer", state: "input-required" });
  const taskId = open.heads[0]?.taskId ?? "";
  await client.send(taskId, '{"outcome":"perhaps"}');
  await client.send(taskId, '{"outcome":"approve","by":"Ada","note":"income confirmed"}');
  const types: string[] = [];
  for await (const event of client.events(taskId)) types.push(event.type);
  expect(types.filter((type) => type === "task.inputRequired")).toHaveLength(2);
  expect(types.at(-1)).toBe("task.completed");
});

test("while the screening service fails, work is retried, then rerouted to the second compliance agent, and the rest goes on", async () => {
  await control("fail");
  const { directory, expected } = applications("failing");
  const { output, taskId } = await decide(directory);
  await control("ok");
  expect(output.decisions).toHaveLength(expected.size);
  const choices: string[] = [];
  for await (const event of client.events(taskId))
    if (event.type === "decision.made" && event.data.path?.includes("compliance-check") === true)
      choices.push(event.data.choice ?? "");
  expect(choices).toContain("compliance");
  expect(choices).toContain("compliance-backup");
  const first = await client.list({ agent: "compliance", state: "failed" });
  const log: string[] = [];
  for await (const event of client.events(first.heads[0]?.taskId ?? ""))
    if (event.type === "step.failed") log.push(event.data.error.code);
  expect(log.length).toBeGreaterThan(1);
});

test("a sales question is answered from the database, and the second time from the cache; what is not understood is refused", async () => {
  const ask = (question: string) =>
    client.run<Record<string, unknown>>({ target: "agent:sales-analyst", input: { question } });
  const first = await ask("What was the revenue by region in 2024?");
  const second = await ask("revenue per region for 2024");
  expect(second.output["text"]).toEqual(first.output["text"]);
  expect(JSON.stringify(second.output)).toContain('"fromCache":true');
  const refused = await ask("Why do customers hate us?");
  expect(JSON.stringify(refused.output)).toContain('"understood":false');
});
