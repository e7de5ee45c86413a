import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type Benchmark, judge } from "../benchmark.ts";
import { format } from "../measure.ts";
import { productionInstall } from "../production-install.ts";

export const benchmark: Benchmark = {
  name: "install-size",
  what: "megabytes of a production install of `agentcore` with all it needs",
  unit: "MB",
  floor: { of: "ours", atMost: 60 },
  run: () => {
    const modules = join(productionInstall(), "node_modules");
    const packages = readdirSync(modules)
      .filter((name) => !name.startsWith("."))
      .flatMap((name) =>
        name.startsWith("@") ? readdirSync(join(modules, name)).map((scoped) => `${name}/${scoped}`) : [name],
      )
      .map((name) => ({ name, size: megabytesOf(join(modules, name)) }))
      .sort((left, right) => right.size - left.size);
    const largest = packages.slice(0, 6).map(({ name, size }) => `${name} ${format(size)}`);
    return Promise.resolve(
      judge(benchmark, { ours: megabytesOf(modules), peer: null, ratio: null }, [
        `${packages.length} packages, the largest in MB: ${largest.join(", ")}`,
        "npm pack of every workspace `agentcore` needs, npm install --omit=dev, du of node_modules (disk blocks)",
      ]),
    );
  },
};

const megabytesOf = (folder: string): number =>
  Number(execFileSync("du", ["-sk", folder], { encoding: "utf8" }).split("\t")[0]) / 1024;
