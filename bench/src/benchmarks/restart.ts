import { type Benchmark, judge } from "../benchmark.ts";
import { countTasks } from "../count-tasks.ts";
import { format } from "../measure.ts";
import { startLoadGenerator, startServer } from "../processes.ts";
import { withFolder } from "../scratch.ts";

const TASKS = 1_000;
const CONNECTIONS = 32;
const GIVE_UP_MS = 60_000;

export const benchmark: Benchmark = {
  name: "restart",
  what: `milliseconds from ready to the first of ${TASKS} tasks finished after SIGKILL and restart; all must finish`,
  unit: "ms",
  floor: { of: "ours", atMost: 2000 },
  run: () =>
    withFolder(async (folder) => {
      const first = await startServer("served/node.ts", [folder]);
      const load = startLoadGenerator();
      const accepted = await load.run({
        url: `${first.url}/a2a/patient`,
        connections: CONNECTIONS,
        count: TASKS,
        returnImmediately: true,
      });
      load.stop();
      const doneBefore = await countTasks(`${first.url}/a2a/patient`, "TASK_STATE_COMPLETED");
      await first.stop("SIGKILL");

      const startedAt = Date.now();
      const second = await startServer("served/node.ts", [folder]);
      const { readyAt } = second;
      let firstMs = Number.POSITIVE_INFINITY;
      let done = doneBefore;
      while (done < accepted.answered && Date.now() - readyAt < GIVE_UP_MS) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        done = await countTasks(`${second.url}/a2a/patient`, "TASK_STATE_COMPLETED");
        if (done > doneBefore) firstMs = Math.min(firstMs, Date.now() - readyAt);
      }
      const allMs = Date.now() - readyAt;
      const failed = await countTasks(`${second.url}/a2a/patient`, "TASK_STATE_FAILED");
      const working = await countTasks(`${second.url}/a2a/patient`, "TASK_STATE_WORKING");
      await second.stop();
      return judge(
        benchmark,
        { ours: firstMs, peer: null, ratio: null },
        [
          `${accepted.answered} acknowledged in ${format(accepted.ms)} ms, ${doneBefore} finished before the kill, ${done} afterwards (${failed} failed, ${working} still working)`,
          `process start to ready ${format(readyAt - startedAt)} ms (from TypeScript sources), all finished ${format(allMs)} ms after ready`,
          "a task is ten steps of 100 ms; asked every 25 ms through ListTasks",
        ],
        done === TASKS && accepted.answered === TASKS,
      );
    }),
};
