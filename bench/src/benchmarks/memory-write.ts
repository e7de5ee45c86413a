import type { Context } from "@agentcore/contract/authoring";
import { createBus } from "@agentcore/core/bus";
import { createMemoryAgent } from "@agentcore/core/memory";
import { AgentRegistry } from "@agentcore/core/registry";
import { createBusRouter, MEMORY_AGENT, PlatformAgents, type TaskService } from "@agentcore/core/tasks";
import { type Benchmark, judge } from "../benchmark.ts";
import { clock, define, scope, senses, startEngine } from "../engine.ts";
import { format, measurePairs, time } from "../measure.ts";
import { openMemory, randomFrom, textOf } from "../memory.ts";
import { withFolder } from "../scratch.ts";

const WRITES = 200;

export const benchmark: Benchmark = {
  name: "memory-write",
  what: `milliseconds of a ctx.memory.remember, over the bus and without vectors, against a ctx.step that returns the same text; ${WRITES} of a task, one after another`,
  unit: "ms",
  floor: { of: "ratio", atMost: 3 },
  run: () =>
    withFolder(async (directory) => {
      const { memory, stores } = await openMemory(directory, null);
      const registry = new AgentRegistry({ clock });
      let service: Pick<TaskService, "list" | "log">;
      const platform = new PlatformAgents({
        ...{ registry, node: "bench", secret: senses.ids.secret() },
        load: { [MEMORY_AGENT]: async () => createMemoryAgent(memory, service) },
      });
      const { router, sink } = createBusRouter({ bus: () => bus, registry, ids: senses.ids, platform });
      const query = platform.delivery(() => Promise.reject(new Error("no other agents here")));
      const bus = createBus({
        ...{ registry, senses, deliver: { query, commands: sink } },
        interceptors: [platform.enlist()],
      });
      const random = randomFrom(3);
      const times = (write: (ctx: Context, text: string) => Promise<unknown>) =>
        define("writer", async (_, ctx) => {
          for (let done = 0; done < WRITES; done++) await write(ctx, textOf(random));
        });
      const world = await startEngine(stores, {
        agents: [
          { ...times((ctx, text) => ctx.memory.remember(text)), name: "remembers" },
          { ...times((ctx, text) => ctx.step("write", () => text)), name: "steps" },
        ],
        remembers: router.remembers,
      });
      service = world.service;
      const perWrite = async (agent: string): Promise<number> => {
        const ms = await time(async () => {
          const { taskId } = await world.service.submit(scope, { target: { agent }, input: null });
          await world.output(taskId);
        });
        return ms / WRITES;
      };
      await perWrite("remembers");
      await perWrite("steps");
      const measured = await measurePairs(
        () => perWrite("remembers"),
        () => perWrite("steps"),
      );
      await memory.close();
      await world.close();
      bus.close();
      return judge(benchmark, measured, [
        measured.spread,
        `beside the step's own commit a memory is two values: itself, and what is known of its pool; ${format(measured.ours - (measured.peer ?? 0))} ms more`,
      ]);
    }),
};
