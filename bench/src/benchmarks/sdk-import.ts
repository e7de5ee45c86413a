import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Benchmark, judge } from "../benchmark.ts";
import { measurePairs, PAIRS, time } from "../measure.ts";
import { productionInstall } from "../production-install.ts";

export const benchmark: Benchmark = {
  name: "sdk-import",
  what: "milliseconds of a process that imports @agentcore/sdk, against `node -e 0`",
  unit: "ms",
  floor: { of: "ratio", atMost: 2 },
  run: async () => {
    const cwd = productionInstall();
    const run = (code: string): Promise<number> =>
      time(async () => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
          cwd,
          stdio: ["ignore", "ignore", "inherit"],
        });
        const [exitCode] = (await once(child, "exit")) as [number];
        if (exitCode !== 0) throw new Error(`the import ended with code ${exitCode}`);
      });
    const ours = (): Promise<number> => run('import "@agentcore/sdk"');
    const peer = (): Promise<number> =>
      time(() => once(spawn(process.execPath, ["-e", "0"], { cwd, stdio: "ignore" }), "exit"));
    await ours();
    await peer();
    const measured = await measurePairs(ours, peer, Math.max(PAIRS, 9));
    return judge(benchmark, measured, [
      measured.spread,
      "ours: the built package from a production install, no compile cache",
    ]);
  },
};
