/** Runs the benchmarks that are named (all by default), one process each, and prints what came out. */
import { fork } from "node:child_process";
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Benchmark, describeFloor, type Result } from "./benchmark.ts";
import { benchmarkNames, loadBenchmark } from "./catalogue.ts";
import { format, median, PAIRS } from "./measure.ts";

const LIMIT_MS = 300_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" }, list: { type: "boolean", default: false } },
});
const known = benchmarkNames();
// `npm run bench NAME --json FILE` without `--`: npm keeps the option for itself and hands over the file as a name.
const swallowed = process.env["npm_config_json"] === "true" && values.json === undefined;
const jsonFile = swallowed && !known.includes(positionals.at(-1) ?? "") ? positionals.pop() : values.json;
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No such benchmark: ${unknown.join(", ")}. There are: ${known.join(", ")}.`);
  process.exit(2);
}
const benchmarks: Benchmark[] = [];
for (const name of positionals.length > 0 ? positionals : known) benchmarks.push(await loadBenchmark(name));
if (values.list) {
  for (const { name, what, floor, unit } of benchmarks)
    console.log(`${name}  (${describeFloor(floor, unit)})  ${what}`);
  process.exit(0);
}

const cache = fileURLToPath(new URL("../.cache/", import.meta.url));
mkdirSync(cache, { recursive: true });
const scratch = mkdtempSync(join(cache, "run-"));

const cleanUp = (): void => rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
// The process under way notices that its parent is gone, and so do the servers it has started.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    cleanUp();
    process.exit(130);
  });
}

const versionOf = (name: string): string => {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(manifest, "utf8")) as { version: string }).version;
};
const peers = Object.keys(
  (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { dependencies: object })
    .dependencies,
);
console.log(`node ${process.versions.node}, SQLite ${process.versions["sqlite"]}, V8 ${process.versions.v8}`);
console.log(
  `${cpus().length} x ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}`,
);
console.log(`peers: ${peers.map((name) => `${name} ${versionOf(name)}`).join(", ")}`);
/** What a sync of 4 KB to this disk takes now: durable numbers are to be read beside it. */
const describeSync = (): string => {
  const file = openSync(join(scratch, "probe"), "w");
  const block = Buffer.alloc(4096, 1);
  const times = Array.from({ length: 100 }, () => {
    const startedAt = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    return performance.now() - startedAt;
  });
  closeSync(file);
  return `one disk sync: median ${format(median(times))} ms, slowest of 100 ${format(Math.max(...times))} ms`;
};
const describeLoad = (): string => `load ${loadavg()[0]?.toFixed(1)}, ${describeSync()}`;

console.log(`before: ${describeLoad()}`);
console.log(`pairs: ${PAIRS}, ours and peer in turn; numbers are medians\n`);

interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: number | null;
  readonly peer: number | null;
  readonly ratio: number | null;
  readonly floor: string;
  readonly ok: boolean;
  readonly notes: readonly string[];
}

const runInChild = (name: string): Promise<Result | string> =>
  new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL("run-benchmark.ts", import.meta.url)), [name], {
      execArgv: ["-C", "agentcore-source", "--expose-gc", ...profileOptions(name)],
      env: { ...process.env, BENCH_SCRATCH: scratch, NODE_NO_WARNINGS: "1" },
    });
    const limit = setTimeout(() => {
      resolve(`not done after ${LIMIT_MS / 1000} s`);
      child.kill("SIGKILL");
    }, LIMIT_MS);
    child.on("message", (message: { result?: Result; failure?: string }) =>
      resolve(message.result ?? message.failure ?? "no answer"),
    );
    child.on("exit", (code, signal) => {
      clearTimeout(limit);
      resolve(`ended with ${signal ?? `code ${code}`} before it answered`);
    });
  });

const profileOptions = (name: string): string[] =>
  process.env["BENCH_PROFILE"] === undefined
    ? []
    : ["--cpu-prof", `--cpu-prof-dir=${join(process.env["BENCH_PROFILE"], name)}`];

const rows: Row[] = [];
let couldNotRun = false;
try {
  for (const { name, what, floor, unit } of benchmarks) {
    console.log(`${name}: ${what}`);
    const result = await runInChild(name);
    if (typeof result === "string") {
      couldNotRun = true;
      console.log(`  COULD NOT RUN: ${result}\n`);
      rows.push({
        name,
        unit,
        ours: null,
        peer: null,
        ratio: null,
        floor: describeFloor(floor, unit),
        ok: false,
        notes: [result],
      });
      continue;
    }
    const { ours, peer, ratio, ok, notes } = result;
    const against = peer === null || ratio === null ? "" : ` against ${format(peer)} ${unit}: ${format(ratio)}x`;
    const verdict = floor === null ? "" : ` (floor ${describeFloor(floor, unit)}: ${ok ? "reached" : "NOT REACHED"})`;
    console.log(`  ${format(ours)} ${unit}${against}${verdict}`);
    for (const note of notes) console.log(`  - ${note}`);
    console.log("");
    rows.push({ name, unit, ours, peer, ratio, floor: describeFloor(floor, unit), ok, notes });
  }
  console.log(`after: ${describeLoad()}`);
} finally {
  cleanUp();
}
const missed = rows.filter((row) => !row.ok).map((row) => row.name);
console.log(missed.length === 0 ? "Every floor reached." : `Not reached: ${missed.join(", ")}`);
if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(rows, null, 2)}\n`);
// A number that is not reached is a finding, not an error of the run.
process.exitCode = couldNotRun ? 1 : 0;
