import { spawn } from "node:child_process";
import { once } from "node:events";
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
    withFolder(async (directory) => {
      const acknowledged = await runUntilKilled(directory);
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

/** What the child said before it died: task id and step, or "submitted". */
const runUntilKilled = async (directory: string): Promise<readonly (readonly [taskId: string, what: string])[]> => {
  const program = fileURLToPath(new URL("../agents/acknowledging.ts", import.meta.url));
  const child = spawn(process.execPath, ["-C", "agentcore-source", program, directory, String(TASKS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => {
    text += chunk;
    if (text.split("\n").length > KILL_AFTER + TASKS) child.kill("SIGKILL");
  });
  await once(child, "close");
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines.filter((line) => line !== "").map((line) => line.split(" ") as [string, string]);
};
