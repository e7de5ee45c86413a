import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Benchmark, judge } from "../benchmark.ts";
import { measurePairs, PAIRS, time } from "../measure.ts";
import { withFolder } from "../scratch.ts";
import { startUp, upCommand } from "../up.ts";

export const benchmark: Benchmark = {
  name: "start-up",
  what: "milliseconds from spawning `up` to the first 200 of /readyz, warm, against `node -e 0`",
  unit: "ms",
  floor: { of: "ratio", atMost: 12 },
  run: () =>
    withFolder(async (folder) => {
      const command = upCommand();
      const ours = async (): Promise<number> => {
        const up = await startUp(command, folder);
        await up.stop();
        return up.readyMs;
      };
      const peer = (): Promise<number> =>
        time(() => once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit"));
      // Makes the data folder and fills the compile cache.
      await ours();
      await peer();
      const measured = await measurePairs(ours, peer, Math.max(PAIRS, 5));
      return judge(benchmark, measured, [measured.spread, command.note, "/readyz is asked every 2 ms or so"]);
    }),
};
