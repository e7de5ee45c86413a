import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { expectedFile, generateSet } from "./generate-set.ts";
import { scenarios } from "./scenarios.ts";

const usage = `Usage: node generator/generate.ts [--out DIR] [--seed N] [--count N]

Writes DIR/applications/* and DIR/expected/<file>.json.

  --out DIR    where to write (default: data)
  --seed N     which set (default: 1)
  --count N    how many applications (default: ${scenarios.length}, one of each scenario)`;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "data" },
    seed: { type: "string", default: "1" },
    count: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
const [seed, count] = [Number(values.seed), Number(values.count ?? scenarios.length)];
if (values.help) {
  console.log(usage);
} else if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(count) || count < 1 || count > 10_000) {
  console.error(`--seed must be a whole number and --count one from 1 to 10000\n\n${usage}`);
  process.exitCode = 2;
} else {
  const set = await generateSet({ seed, count });
  await mkdir(join(values.out, "applications"), { recursive: true });
  await mkdir(join(values.out, "expected"), { recursive: true });
  for (const application of set) {
    await writeFile(join(values.out, "applications", application.fileName), application.bytes);
    await writeFile(join(values.out, "expected", `${application.fileName}.json`), expectedFile(application));
  }
  console.log(
    `${set.length} applications in ${values.out}/applications, their expected outcomes in ${values.out}/expected`,
  );
}
