// `npm test`: every test a fresh machine can run. Arguments select projects of vitest.config.ts: `test.mjs unit e2e`.
// The last line printed is always `N passed, N failed`, with `, N skipped` if there are any.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ensureBubblewrap } from "./bubblewrap.mjs";
import { ensureInstalled } from "./ensure-installed.mjs";
import { ensureInteropClients } from "./interop-clients.mjs";
import { startServices } from "./services.mjs";
import { environment, root, tool } from "./toolchain.mjs";

const projects = ["unit", "disk", "int", "e2e", "chaos", "model"];
// Some unit tests mostly wait for sockets, and the model with its file a store for leases and disks, so one more than there are processors. What
// shares a server, or loads the machine itself, runs a file at a time. A transaction of one database holds up readers of all of its server, so the
// halves of what needs PostgreSQL have a server each.
const cores = availableParallelism();
const WORKERS = { unit: cores + 1, disk: cores, model: cores + 1 };
const workersOf = (project) => WORKERS[project] ?? 1;
const selected = process.argv.length > 2 ? process.argv.slice(2) : projects;
const unknown = selected.filter((project) => !projects.includes(project));
if (unknown.length > 0) {
  console.error(`No such test project: ${unknown.join(", ")}. There are: ${projects.join(", ")}.`);
  process.exit(2);
}

ensureInstalled();
if (selected.includes("e2e")) ensureInteropClients();
// Where it cannot be had, the tests of the sandbox fail: nothing else shows that its limits hold.
const noBubblewrap = selected.includes("int") ? ensureBubblewrap() : null;
if (noBubblewrap !== null) console.error(`\nTESTS WILL FAIL. ${noBubblewrap}`);

const needServices = ["int", "e2e", "model"];
const services = selected.some((project) => needServices.includes(project))
  ? startServices()
  : { environment: {}, missing: [], isOurs: false, stop() {} };
for (const problem of services.missing) console.error(`\nTESTS WILL BE SKIPPED. ${problem}`);
const halved = ["int", "e2e"];
const otherServices = services.isOurs && halved.some((project) => selected.includes(project)) ? startServices() : null;
const serversOf = (project) => (halved.includes(project) && otherServices ? [services, otherServices] : [services]);

// One after the other: a chaos test that loads both cores must not make a unit test miss its time limit.
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const project of selected) {
  const result = await runProject(project);
  total.passed += result.passed;
  total.failed += result.failed;
  total.skipped += result.skipped;
  failures.push(...result.failures);
}

services.stop();
otherServices?.stop();
for (const problem of services.missing) console.error(`\nTESTS WERE SKIPPED. ${problem}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
// Repeated here because what the projects printed in between may be thousands of lines long.
for (const failure of failures) console.error(`\nFAILED ${failure}`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);

async function runProject(project) {
  console.log(`\n${project} tests`);
  const servers = serversOf(project);
  const parts = await Promise.all(
    servers.map(({ environment }, index) => runPart(project, environment, `${index + 1}/${servers.length}`)),
  );
  return parts.reduce((one, other) => ({
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
    failures: [...one.failures, ...other.failures],
  }));
}

async function runPart(project, servers, shard) {
  const folder = mkdtempSync(join(tmpdir(), "agentcore-test-"));
  const file = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const choice = ["--project", project, `--shard=${shard}`, `--maxWorkers=${workersOf(project)}`];
  try {
    const tests = spawn(tool("vitest"), ["run", ...choice, "--passWithNoTests", ...reporters], {
      cwd: root,
      env: { ...environment, ...servers },
      stdio: "inherit",
    });
    const status = await new Promise((resolve) => tests.once("error", () => resolve(1)).once("close", resolve));
    return resultOf(project, existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined, status);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that does not even load, or an error outside every test, counts as one failure: it must never look green. */
function resultOf(project, report, status) {
  const failures = (report?.testResults ?? []).flatMap((file) => failuresOf(project, file));
  if (failures.length === 0 && status !== 0) failures.push(`${project}: outside every test; see its output above`);
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  return { passed: report?.numPassedTests ?? 0, failed: failures.length, skipped, failures };
}

function failuresOf(project, file) {
  const where = `${project}: ${relative(root, file.name)}`;
  const tests = file.assertionResults.filter((test) => test.status === "failed");
  if (tests.length === 0) return file.status === "failed" ? [`${where}\n${excerpt(file.message)}`] : [];
  return tests.map((test) => `${where} > ${test.fullName}\n${excerpt(test.failureMessages.join("\n"))}`);
}

/** The first 30 lines, 300 characters of each: there stand the message and the place of a failure. */
function excerpt(message) {
  const lines = message.split("\n").slice(0, 30);
  return lines.map((line) => line.slice(0, 300)).join("\n");
}
