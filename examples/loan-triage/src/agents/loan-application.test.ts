import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent, TerminalError } from "agentcore";
import { type AgentTest, type TestAgentOptions, type TestRun, testAgent } from "agentcore/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Finding } from "../domain/agent-messages.ts";
import { readReservations } from "../domain/reservations.ts";
import { assessRisk } from "../domain/risk.ts";
import { communicator } from "./communicator.ts";
import { complianceBackup } from "./compliance-backup.ts";
import { documentProcessor } from "./document-processor.ts";
import { loanApplication } from "./loan-application.ts";
import { loanAssessment } from "./loan-assessment.ts";
import { riskAssessor } from "./risk-assessor.ts";

const applications = join(import.meta.dirname, "../../data/applications");
const facts = { fullName: "Anna Smith", requestedAmountCents: 1_000_000, termMonths: 48 };
const findingOf = (outcome: Finding["decision"]["outcome"]): Finding => ({
  facts,
  risk: assessRisk(facts),
  decision: {
    outcome,
    reasons: [{ code: "score-borderline", message: "The score is 57 of 100", evidence: [] }],
    score: 57,
    decidedBy: "rules",
  },
});

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "loan-application-"));
});
afterEach(() => rm(root, { recursive: true }));

const letterless = agent({
  name: "letterless",
  description: "Has no paper",
  skills: [{ id: "letter-writing" }],
  run: () => {
    throw new TerminalError("no paper");
  },
});
const testOf = (options: TestAgentOptions = {}, writer: typeof communicator | typeof letterless = communicator) =>
  testAgent([loanApplication, loanAssessment, documentProcessor, riskAssessor, complianceBackup, writer], options);
const runOf = (test: AgentTest, finding?: Finding, name = "application-001.pdf", folder = root): Promise<TestRun> =>
  test.run({
    path: join(applications, name),
    outDirectory: join(folder, "letters"),
    receivedOn: "2026-11-01",
    ...(finding !== undefined && { finding }),
  });
const states = async (folder = root) =>
  (await readReservations(join(folder, "loan-reservations"))).map(({ amountCents, state }) => [amountCents, state]);
const completions = (run: TestRun, path: string) =>
  run.events.filter((event) => event.type === "step.completed" && event.data.path === path).length;

describe("loan-application", () => {
  it("assesses what comes without a finding, reserves the amount and writes the letter", async () => {
    const run = await runOf(await testOf());
    expect(run.output).toMatchObject({
      application: "application-001.pdf",
      decision: { outcome: "approve", decidedBy: "rules" },
      reservation: { application: "application-001.pdf", state: "reserved" },
    });
    expect(await states()).toEqual([[expect.any(Number), "reserved"]]);
    expect(await readFile(join(root, "letters/application-001.pdf.txt"), "utf8")).toMatch(/^Your loan is approved\n/);
  });

  it("reserves nothing for what the rules decline", async () => {
    const run = await runOf(await testOf(), findingOf("decline"));
    expect(run.output).toMatchObject({ decision: { outcome: "decline" }, reservation: null });
    expect(await states()).toEqual([]);
  });

  it("asks a person about what rules leave open; a yes keeps the reservation and brings the letter", async () => {
    const test = await testOf();
    const run = await runOf(test, findingOf("refer"));
    expect(run.state).toBe("input-required");
    expect(test.resident).toBe(0);
    expect(await states()).toEqual([[1_000_000, "reserved"]]);
    await expect(run.decide({ choice: "refer" })).rejects.toMatchObject({ code: "DECISION_REFUSED" });
    await run.decide({ choice: "approve", comment: "spoke to the employer" });
    expect(run.output).toMatchObject({
      decision: { outcome: "approve", decidedBy: "test", reasons: [{ message: "spoke to the employer" }, {}] },
      reservation: { state: "reserved" },
    });
    const letter = await readFile(join(root, "letters/application-001.pdf.after-review.txt"), "utf8");
    expect(letter).toMatch(/^Your loan is approved\n/);
  });

  it.each(["decline", "request-information"])(
    "a person's %s releases it before the letter is written",
    async (choice) => {
      const run = await runOf(await testOf(), findingOf("refer"));
      await run.decide({ choice });
      expect(run.output).toMatchObject({ decision: { outcome: choice }, reservation: { state: "released" } });
      expect(await states()).toEqual([[1_000_000, "released"]]);
      expect(await readdir(join(root, "letters"))).toEqual(["application-001.pdf.after-review.txt"]);
    },
  );

  it("a cancel while it waits releases it, and says so", async () => {
    const run = await runOf(await testOf(), findingOf("refer"));
    await run.cancel("withdrawn by the applicant");
    expect(run.state).toBe("canceled");
    expect(await states()).toEqual([[1_000_000, "released"]]);
    expect(run.events.at(-1)?.data).toMatchObject({
      error: { details: { undone: [{ node: "reserve" }], stands: [] } },
    });
  });

  it.each(["approve", "refer"] as const)("a letter that cannot be written after %s releases it", async (outcome) => {
    const run = await runOf(await testOf({}, letterless), findingOf(outcome));
    if (outcome === "refer") await run.decide({ choice: "approve" });
    expect(run.error).toMatchObject({ message: "node letter: no paper", details: { undone: [{ node: "reserve" }] } });
    expect(await states()).toEqual([[1_000_000, "released"]]);
  });

  it("wherever the process dies, it is reserved once and released once", async () => {
    const live = async (end: "cancel" | "decline", folder: string, options: TestAgentOptions): Promise<AgentTest> => {
      const test = await testOf(options);
      const run = await runOf(test, findingOf("refer"), "application-001.pdf", folder);
      // What a dead process left behind is taken up after a while.
      await test.advance(60_000);
      await (end === "cancel" ? run.cancel() : run.decide({ choice: end }));
      await test.advance(60_000);
      expect(run.state).toBe(end === "cancel" ? "canceled" : "completed");
      expect(await states(folder)).toEqual([[1_000_000, "released"]]);
      expect(completions(run, "step:reserve")).toBe(1);
      expect(completions(run, end === "cancel" ? "step:reserve~undo" : "step:release")).toBe(1);
      await test.close();
      return test;
    };
    for (const end of ["cancel", "decline"] as const) {
      const { commits } = await live(end, join(root, end), {});
      expect(commits).toBeGreaterThan(5);
      for (let at = 1; at <= commits; at += 1)
        for (const when of ["before", "after"] as const)
          await live(end, join(root, `${end}-${at}-${when}`), { crashAt: { at, when } });
    }
  });
});
