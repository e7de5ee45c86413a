import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent, TerminalError } from "agentcore";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { FakePlatform } from "../../../fake-platform.ts";
import { createScreeningServer } from "../../service/screening-server.ts";
import { TriageReport } from "../domain/agent-messages.ts";
import { caseOfficer } from "./case-officer.ts";
import { communicator } from "./communicator.ts";
import { compliance } from "./compliance.ts";
import { complianceBackup } from "./compliance-backup.ts";
import { documentProcessor } from "./document-processor.ts";
import { loanTriage } from "./loan-triage/loan-triage.ts";
import { riskAssessor } from "./risk-assessor.ts";

const data = join(import.meta.dirname, "../../data");
const all = [loanTriage, documentProcessor, riskAssessor, compliance, complianceBackup, communicator, caseOfficer];
const Expected = z.object({ decision: z.string(), reasons: z.array(z.string()), score: z.number().nullable() });
const Decisions = z.array(
  z.object({
    application: z.string(),
    decision: z.object({ reasons: z.array(z.object({ code: z.string() })), score: z.number().nullable() }),
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

const platformOf = (agents: readonly (typeof all)[number][] = all, screeningUrl = url) =>
  new FakePlatform({ agents, env: { SCREENING_URL: screeningUrl } });
const triage = async (platform: FakePlatform, directory: string, more: object = {}) =>
  TriageReport.parse(await platform.run("loan-triage", { directory, receivedOn: "2026-11-01", ...more }));

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
    const platform = platformOf();
    const letters = join(root, "letters");
    const report = await triage(platform, join(data, "applications"), { outDirectory: letters });
    const decisions = Decisions.parse(platform.artifacts.find(({ name }) => name === "decisions.json")?.data);
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
    expect(platform.progress.at(-1)).toBe("26 of 26 applications decided");
    const referred = report.decisions.filter(({ decision }) => decision === "refer");
    expect(report.waiting).toEqual(referred.map(({ application }) => application));
    expect(platform.questions.map(({ agent }) => agent)).toEqual(referred.map(() => "case-officer"));
    expect(platform.calls).not.toContain("command compliance-backup");
  });

  it("ends while a person is being asked; the verdict brings the final letter", async () => {
    const name = await applicationDecided("refer");
    const platform = platformOf();
    const report = await triage(platform, await folderOf(name));
    expect(report.waiting).toEqual([name]);
    expect(report.decisions[0]?.reason).toMatch(/^waits for a person: /);
    const [question] = platform.questions;
    expect(question?.prompt).toContain(`agentcore send ${question?.taskId} '{"outcome"`);
    await expect(question?.answer({ outcome: "refer", by: "Ana" })).rejects.toThrow(/outcome/);
    await question?.answer({ outcome: "approve", by: "Ana", note: "spoke to the employer" });
    await platform.settled();
    const final = join(report.lettersDirectory, `${name}.after-review.txt`);
    expect(await readFile(final, "utf8")).toMatch(/^Your loan is approved\n/);
    expect(await readFile(report.decisions[0]?.letter ?? "", "utf8")).toMatch(/^We are looking at your application\n/);
  });

  it("a corrupt file leads to a person, the others go on", async () => {
    const good = await applicationDecided("approve");
    const directory = await folderOf(good);
    await writeFile(join(directory, "broken.pdf"), "%PDF-1.7 and then nothing");
    await writeFile(join(directory, "empty.txt"), "");
    await writeFile(join(directory, "noise.bin"), Buffer.from([0, 1, 2, 3, 255, 254]));
    const { decisions } = await triage(platformOf(), directory);
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
    const platform = platformOf();
    const { decisions } = await triage(platform, await folderOf(name));
    expect(decisions).toMatchObject([{ application: name, decision: "approve" }]);
    expect(platform.calls.filter((call) => call === "step compliance screen")).toHaveLength(3);
    expect(platform.calls).toContain("command compliance-backup");
  });

  it("what is not the screening service is treated as one that fails", async () => {
    const other = createServer((_, response) => response.writeHead(404).end("not here")).listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const name = await applicationDecided("approve");
    const platform = platformOf(all, `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
    const { decisions } = await triage(platform, await folderOf(name));
    other.close();
    other.closeAllConnections();
    expect(decisions).toMatchObject([{ application: name, decision: "approve" }]);
    expect(platform.calls).toContain("command compliance-backup");
  });

  it("when no compliance agent can answer, the application is referred with the reason and the rest goes on", async () => {
    await fetch(new URL("/control", url), { method: "POST", body: '{"mode":"fail"}' });
    const name = await applicationDecided("approve");
    const platform = platformOf(all.filter((each) => each !== complianceBackup));
    const { decisions, waiting } = await triage(platform, await folderOf(name));
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
    for (const capability of ["document-extraction", "risk-assessment"]) {
      const agents = [...without(capability), broken(capability)] as typeof all;
      const { decisions } = await triage(platformOf(agents), directory);
      expect(decisions[0], capability).toMatchObject({
        decision: "refer",
        reason: expect.stringContaining("out of order"),
      });
    }
    const letterless = [...without("letter-writing"), broken("letter-writing")] as typeof all;
    const { decisions } = await triage(platformOf(letterless), directory);
    expect(decisions[0]).toMatchObject({
      decision: "approve",
      reason: expect.stringContaining("the letter could not be written: out of order"),
    });
    expect(decisions[0]).not.toHaveProperty("letter");
  });

  it("says so when nobody can be asked", async () => {
    const name = await applicationDecided("refer");
    const { decisions, waiting } = await triage(
      platformOf(all.filter((each) => each !== caseOfficer)),
      await folderOf(name),
    );
    expect(waiting).toEqual([]);
    expect(decisions[0]?.reason).toMatch(/no person could be asked: nobody for/);
  });

  it("refuses a folder that is missing, empty or a file, in words", async () => {
    const empty = join(root, "empty");
    await mkdir(empty);
    await writeFile(join(empty, ".DS_Store"), "");
    await expect(triage(platformOf(), join(root, "nowhere"))).rejects.toThrow(/nowhere does not exist/);
    await expect(triage(platformOf(), empty)).rejects.toThrow(/holds no files/);
    await expect(triage(platformOf(), join(empty, ".DS_Store"))).rejects.toThrow(/is a file; give the folder/);
    for (let index = 0; index <= 500; index += 1) await writeFile(join(empty, `${index}.txt`), "");
    await expect(triage(platformOf(), empty)).rejects.toThrow(/holds 501 files; 500 are taken at once/);
  });

  it("a cancel ends it; no application is decided because of it", async () => {
    await fetch(new URL("/control", url), { method: "POST", body: '{"mode":"slow","delayMs":300}' });
    const platform = platformOf();
    const running = triage(platform, await folderOf(await applicationDecided("approve")));
    const rejected = expect(running).rejects.toThrow("the task was canceled");
    setTimeout(() => platform.cancel(), 100);
    await rejected;
    expect(platform.artifacts).toEqual([]);
  });
});

it("the communicator takes names of files only", async () => {
  const payload = { application: "../../x", facts: {}, risk: {}, decision: {}, outDirectory: root };
  await expect(platformOf().run("communicator", payload)).rejects.toThrow(/expected the name of a file/);
});
