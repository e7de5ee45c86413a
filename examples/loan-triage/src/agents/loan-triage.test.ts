import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent, TerminalError } from "agentcore";
import { type AgentTest, type TestRun, testAgent } from "agentcore/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { createScreeningServer } from "../../service/screening-server.ts";
import { TriageReport } from "../domain/agent-messages.ts";
import { readReservations } from "../domain/reservations.ts";
import { assessRisk } from "../domain/risk.ts";
import { communicator } from "./communicator.ts";
import { compliance } from "./compliance.ts";
import { complianceBackup } from "./compliance-backup.ts";
import { documentProcessor } from "./document-processor.ts";
import { loanApplication } from "./loan-application.ts";
import { loanAssessment } from "./loan-assessment.ts";
import { loanTriage } from "./loan-triage/loan-triage.ts";
import { riskAssessor } from "./risk-assessor.ts";

const data = join(import.meta.dirname, "../../data");
const all = [
  ...[loanTriage, loanAssessment, loanApplication],
  ...[documentProcessor, riskAssessor, compliance, complianceBackup, communicator],
];
const Expected = z.object({ decision: z.string(), reasons: z.array(z.string()), score: z.number().nullable() });
const Decisions = z.array(
  z.object({
    application: z.string(),
    decision: z.object({ reasons: z.array(z.object({ code: z.string() })), score: z.number().nullable() }),
    facts: z.object({ requestedAmountCents: z.number().optional() }),
  }),
);

let root: string;
let server: Server;
let url: string;

beforeAll(async () => {
  server = createScreeningServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "loan-triage-"));
});
afterEach(async () => {
  await fetch(new URL("/control", url), { method: "POST", body: '{"mode":"ok"}' });
  await rm(root, { recursive: true });
});

const testOf = (agents: readonly (typeof all)[number][] = all, screeningUrl = url) =>
  testAgent(agents, { env: { SCREENING_URL: screeningUrl } });

/** Until it has ended: tries that failed are waited out. */
async function triage(test: AgentTest, directory: string, more: object = {}): Promise<TestRun> {
  const run = await test.run({ directory, receivedOn: "2026-11-01", ...more });
  for (let seconds = 0; run.state === "working" && seconds < 60; seconds += 1) await test.advance(1_000);
  return run;
}
const reportOf = (run: TestRun) => TriageReport.parse(run.output);
/** A folder with these applications of the committed set. */
async function folderOf(...names: string[]): Promise<string> {
  const directory = join(root, "in");
  await mkdir(directory);
  for (const name of names) await cp(join(data, "applications", name), join(directory, name));
  return directory;
}

const expectedOf = async (name: string) =>
  Expected.parse(JSON.parse(await readFile(join(data, "expected", `${name}.json`), "utf8")));

/** The first committed application that is decided so. */
async function applicationDecided(decision: string): Promise<string> {
  for (const name of await readdir(join(data, "applications")))
    if ((await expectedOf(name)).decision === decision) return name;
  throw new Error(`No application is decided ${decision}`);
}

describe("loan-triage", () => {
  it("decides every committed application as expected, with a letter each", async () => {
    const test = await testOf();
    const letters = join(root, "letters");
    const run = await triage(test, join(data, "applications"), { outDirectory: letters });
    const report = reportOf(run);
    const artifact = run.task.artifacts?.find(({ name }) => name === "decisions.json");
    const decisions = Decisions.parse(artifact?.parts[0]?.data);
    expect(report.decisions).toHaveLength(26);
    expect(report.decisions.filter(({ letter }) => letter === undefined)).toEqual([]);
    for (const [index, { application, decision, letter }] of report.decisions.entries()) {
      const expected = await expectedOf(application);
      const found = decisions[index]?.decision;
      expect({
        application: decisions[index]?.application,
        decision,
        score: found?.score,
        reasons: found?.reasons.map(({ code }) => code).sort(),
      }).toEqual({ application, decision: expected.decision, score: expected.score, reasons: expected.reasons });
      expect(await readFile(letter ?? "", "utf8")).toMatch(/^.+\n\n[^]*Reference: .+[^]*Yours sincerely/);
    }
    expect((await readdir(letters)).sort()).toEqual(report.decisions.map(({ application }) => `${application}.txt`));
    expect(run.events.findLast(({ type }) => type === "task.progressed")?.data).toMatchObject({
      message: "26 of 26 applications decided",
    });
    const referred = report.decisions.filter(({ decision }) => decision === "refer");
    expect(report.waiting).toEqual(referred.map(({ application }) => application));
    expect(test.effects).not.toContain("step:own-check");
    // Set aside: what is approved, and what a person has yet to decide.
    const reserved = await readReservations(join(root, "loan-reservations"));
    expect(reserved.filter(({ state }) => state === "released")).toEqual([]);
    expect(new Set(reserved.map(({ application }) => application))).toEqual(
      new Set(
        decisions
          .filter((_, index) => ["approve", "refer"].includes(report.decisions[index]?.decision ?? ""))
          .filter(({ facts }) => facts.requestedAmountCents !== undefined)
          .map(({ application }) => application),
      ),
    );
  });

  it("a corrupt file leads to a person, the others go on", async () => {
    const good = await applicationDecided("approve");
    const directory = await folderOf(good);
    await writeFile(join(directory, "broken.pdf"), "%PDF-1.7 and then nothing");
    await writeFile(join(directory, "empty.txt"), "");
    await writeFile(join(directory, "noise.bin"), Buffer.from([0, 1, 2, 3, 255, 254]));
    const { decisions } = reportOf(await triage(await testOf(), directory));
    expect(Object.fromEntries(decisions.map(({ application, decision }) => [application, decision]))).toEqual({
      [good]: "approve",
      "broken.pdf": "refer",
      "empty.txt": "refer",
      "noise.bin": "refer",
    });
  });

  it("a service that fails is asked three times, then the second compliance agent decides the same", async () => {
    await fetch(new URL("/control", url), { method: "POST", body: '{"mode":"fail"}' });
    const name = await applicationDecided("approve");
    const test = await testOf();
    const { decisions } = reportOf(await triage(test, await folderOf(name)));
    expect(decisions).toMatchObject([{ application: name, decision: "approve" }]);
    expect(test.effects.filter((effect) => effect === "step:screen")).toHaveLength(3);
  });

  it("what is not the screening service is treated as one that fails", async () => {
    const other = createServer((_, response) => response.writeHead(404).end("not here")).listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const name = await applicationDecided("approve");
    const test = await testOf(all, `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
    const { decisions } = reportOf(await triage(test, await folderOf(name)));
    other.close();
    other.closeAllConnections();
    expect(decisions).toMatchObject([{ application: name, decision: "approve" }]);
    expect(test.effects.filter((effect) => effect === "step:screen")).toHaveLength(3);
  });

  it("when no compliance agent can answer, the application is referred with the reason and the rest goes on", async () => {
    await fetch(new URL("/control", url), { method: "POST", body: '{"mode":"fail"}' });
    const name = await applicationDecided("approve");
    const test = await testOf(all.filter((each) => each !== complianceBackup));
    const { decisions, waiting } = reportOf(await triage(test, await folderOf(name)));
    expect(decisions[0]).toMatchObject({ decision: "refer", reason: expect.stringContaining("answered 503") });
    expect(waiting).toEqual([name]);
  });

  it("an agent that fails never leads to a guess", async () => {
    const name = await applicationDecided("approve");
    const directory = await folderOf(name);
    const broken = (capability: string) =>
      agent({
        name: "broken",
        description: "fails",
        skills: [{ id: capability }],
        run: () => {
          throw new TerminalError("out of order");
        },
      });
    const without = (id: string) => all.filter(({ skills }) => skills[0]?.id !== id);
    for (const capability of ["document-extraction", "risk-assessment", "letter-writing"]) {
      const agents = [...without(capability), broken(capability)] as typeof all;
      const outDirectory = join(root, capability, "letters");
      const { decisions } = reportOf(await triage(await testOf(agents), directory, { outDirectory }));
      expect(decisions[0], capability).toMatchObject({
        decision: "refer",
        reason: expect.stringContaining("out of order"),
      });
      expect("letter" in (decisions[0] ?? {}), capability).toBe(capability !== "letter-writing");
    }
    // An approval without a letter is none: what was set aside for it is free again, and what the person may approve is set aside.
    const states = (await readReservations(join(root, "letter-writing/loan-reservations"))).map(({ state }) => state);
    expect(states.toSorted()).toEqual(["released", "reserved"]);
  });

  it("says so when nobody can be asked", async () => {
    const name = await applicationDecided("refer");
    const test = await testOf(all.filter((each) => each !== loanApplication));
    const { decisions, waiting } = reportOf(await triage(test, await folderOf(name)));
    expect(waiting).toEqual([]);
    expect(decisions[0]?.reason).toMatch(/no person could be asked: .*loan-application/);
  });

  it("refuses a folder that is missing, empty or a file, in words", async () => {
    const empty = join(root, "empty");
    await mkdir(empty);
    await writeFile(join(empty, ".DS_Store"), "");
    const test = await testOf();
    const refused = async (directory: string) => (await triage(test, directory)).error?.message;
    expect(await refused(join(root, "nowhere"))).toMatch(/nowhere does not exist/);
    expect(await refused(empty)).toMatch(/holds no files/);
    expect(await refused(join(empty, ".DS_Store"))).toMatch(/is a file; give the folder/);
    for (let index = 0; index <= 500; index += 1) await writeFile(join(empty, `${index}.txt`), "");
    expect(await refused(empty)).toMatch(/holds 501 files; 500 are taken at once/);
  });

  it("a cancel ends it; no application is decided because of it", async () => {
    await fetch(new URL("/control", url), { method: "POST", body: '{"mode":"fail"}' });
    const test = await testOf();
    const run = await test.run({ directory: await folderOf(await applicationDecided("approve")) });
    expect(run.state).toBe("working");
    await run.cancel();
    expect(run.state).toBe("canceled");
    expect(run.task.artifacts ?? []).toEqual([]);
    expect(await readReservations(join(root, "loan-reservations"))).toEqual([]);
  });
});

it("the communicator takes names of files only", async () => {
  const decision = {
    outcome: "refer",
    reasons: [{ code: "x", message: "x", evidence: [] }],
    score: null,
    decidedBy: "x",
  };
  const more = { outDirectory: root, date: "2026-11-01", stage: "first" };
  const input = { application: "../../x", facts: {}, risk: assessRisk({}), decision, ...more };
  const test = await testOf();
  await expect(test.run(input, { target: { agent: "communicator" } })).rejects.toThrow(/expected the name of a file/);
});
