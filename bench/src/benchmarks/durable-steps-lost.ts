import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { acknowledgingAgent } from "../agents/acknowledging.ts";
import { type Benchmark, judge } from "../benchmark.ts";
import { openWorld, scope } from "../engine.ts";
import { format } from "../measure.ts";
import { withFolder } from "../scratch.ts";
import { RESULT_BYTES, STEPS } from "../steps.ts";

const TASKS = 200;
const KILL_AFTER = 700;

export const benchmark: Benchmark = {
  name: "durable-steps-lost",
  what: `acknowledged steps and tasks missing after a SIGKILL in the middle of ${TASKS} tasks x ${STEPS} steps`,
  unit: "lost",
  floor: { of: "ours", atMost: 0 },
  run: () =>
    withFolder(async (folder) => {
      const acknowledged = await runUntilKilled(folder);
      const directory = join(folder, "data");
      let again = 0;
      const openedAt = performance.now();
      const world = await openWorld({ directory, agents: [acknowledgingAgent(() => again++)] });
      // The rest is run by the reopened engine; what was acknowledged must come from the log, in the log's order.
      const steps = acknowledged.filter(([, what]) => what !== "submitted");
      const taskIds = [...new Set(acknowledged.map(([taskId]) => taskId))];
      let lost = 0;
      for (const taskId of taskIds) {
        const log = await world.service.log(scope, taskId).catch(() => []);
        if (log.length === 0) lost++;
        const recorded = log.flatMap((event) => (event.type === "step.completed" ? [event.data.path] : []));
        for (const [, step] of steps.filter(([owner]) => owner === taskId)) {
          if (!recorded.some((path) => path.includes(`step-${step}`))) lost++;
        }
      }
      const outputs = await Promise.all(taskIds.map((taskId) => world.output(taskId)));
      const finishedMs = performance.now() - openedAt;
      const wrong = outputs.filter((output) => output !== STEPS * RESULT_BYTES).length;
      await world.close();
      return judge(
        benchmark,
        { ours: lost, peer: null, ratio: null },
        [
          `killed after ${steps.length} acknowledged steps of ${taskIds.length} acknowledged tasks; ${TASKS * STEPS} steps in all`,
          `reopened: all ${taskIds.length} tasks finished ${format(finishedMs)} ms later, ${wrong} wrong outputs`,
          "SIGKILL ends the process, not the machine: it proves the order of write and acknowledgement, not the disk",
        ],
        wrong === 0 && steps.length >= KILL_AFTER && steps.length < TASKS * STEPS,
      );
    }),
};

/** What the child noted before it died: task id and step, or "submitted". */
const runUntilKilled = async (folder: string): Promise<readonly (readonly [taskId: string, what: string])[]> => {
  const program = fileURLToPath(new URL("../agents/acknowledging.ts", import.meta.url));
  const notes = join(folder, "acknowledged");
  writeFileSync(notes, "");
  const options = ["-C", "agentcore-source", program, join(folder, "data"), String(TASKS), notes];
  const child = spawn(process.execPath, options, { stdio: ["ignore", "ignore", "inherit"] });
  const gone = once(child, "exit");
  const lines = (): string[] => readFileSync(notes, "utf8").split("\n").slice(0, -1);
  const steps = (): number => lines().filter((line) => !line.endsWith("submitted")).length;
  while (child.exitCode === null && steps() < KILL_AFTER) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill("SIGKILL");
  await gone;
  return lines().map((line) => line.split(" ") as [string, string]);
};
