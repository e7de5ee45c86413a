import { PlatformError, type WorkflowGraph } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, SCOPE } from "../../test/engine-world.ts";
import { runnable } from "./index.ts";

test("steps that are tried again and again go on in as many logs as it takes, also after a crash", async () => {
  const tries = 30;
  const graph: WorkflowGraph = {
    start: "each",
    nodes: {
      each: { type: "loop", maxTurns: 400, body: "look", next: "end" },
      look: {
        ...{ type: "custom", function: "look", next: "each" },
        retry: { maxAttempts: tries, initialDelayMs: 1, maxDelayMs: 1 },
      },
      end: { type: "end" },
    },
  };
  const functions = {
    look: (_: never, { attempt }: { readonly attempt: number }) => {
      if (attempt < tries) throw new PlatformError("UNAVAILABLE", "not yet", { retryable: true });
      return 1;
    },
  };
  const { run: _, ...agent } = define("flow", async () => null);
  const world = new EngineWorld([runnable({ ...agent, workflow: { graph, functions } })]);
  const taskId = await world.submit("flow");
  await world.advance(5_000);
  expect(await world.state(taskId)).toBe("working");
  world.crash();
  await world.advance(60_000);
  expect(await world.head(taskId)).toMatchObject({ state: "completed", seq: expect.any(Number) });
  const checkpoints = (await world.log(taskId)).filter(({ type }) => type === "checkpoint.created");
  expect(checkpoints.length).toBeGreaterThanOrEqual(3);
  const { service } = await world.alive();
  expect(await service.replay(SCOPE, taskId)).toMatchObject({ agrees: true });
});
