import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { type Benchmark, judge } from "../benchmark.ts";
import { measurePairs } from "../measure.ts";
import { withFolder } from "../scratch.ts";
import { startUp, upCommand } from "../up.ts";

const SETTLE_MS = 1_000;
const ROUNDS = 3;

export const benchmark: Benchmark = {
  name: "idle-memory",
  what: "resident memory of an idle node against a bare Node that waits",
  unit: "MB",
  floor: { of: "ratio", atMost: 3 },
  run: () =>
    withFolder(async (folder) => {
      const command = upCommand();
      const ours = async (): Promise<number> => {
        const up = await startUp(command, folder);
        await wait(SETTLE_MS);
        const megabytes = residentOf(up.process);
        await up.stop();
        return megabytes;
      };
      const peer = async (): Promise<number> => {
        const bare = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
        await wait(SETTLE_MS);
        const megabytes = residentOf(bare);
        bare.kill();
        return megabytes;
      };
      await ours();
      const measured = await measurePairs(ours, peer, ROUNDS);
      return judge(benchmark, measured, [
        measured.spread,
        command.note,
        `VmRSS ${SETTLE_MS} ms after /readyz, no request but that, no agents`,
      ]);
    }),
};

const residentOf = ({ pid }: ChildProcess): number => {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1024;
};
