import { expect, test } from "vitest";
import { AgentRegistry, createReplica } from "../registry/index.ts";
import { createFnvDigest, createRecordingLogger, createSequentialIds, ManualClock } from "../testing/index.ts";
import { createBus } from "./index.ts";

test("tasks that fail in a row open the agent's breaker, so new work goes to another agent of the skill", async () => {
  const clock = new ManualClock();
  const registry = new AgentRegistry({ clock });
  const skill = { id: "check", name: "check", description: "", tags: [] };
  for (const [name, quality] of [
    ["first", 0.9],
    ["second", 0.5],
  ] as const) {
    registry.register({
      tenantId: "t",
      name,
      revision: "1",
      description: name,
      skills: [skill],
      labels: {},
      subscribes: [],
      quality,
      idempotent: false,
      replicas: [createReplica(`${name}-0`, "n")],
    });
  }
  const chosen: string[] = [];
  const bus = createBus({
    registry,
    senses: { clock, ids: createSequentialIds(), digest: createFnvDigest(), logger: createRecordingLogger() },
    deliver: {
      query: async () => null,
      commands: {
        accept: async (message, { record }) => {
          chosen.push(record.name);
          return { taskId: message.id };
        },
      },
    },
  });
  const send = () =>
    bus.command(
      { tenantId: "t", source: "gateway", target: { capability: "check" }, payload: 1 },
      { caller: { tenantId: "t", caller: "me" } },
    );
  await send();
  for (let failure = 0; failure < 5; failure++) bus.taskEnded({ tenantId: "t", agent: "first", failed: true });
  await send();
  await clock.advance(60_000);
  for (const name of ["first", "second"]) registry.heartbeat("t", name, `${name}-0`);
  bus.taskEnded({ tenantId: "t", agent: "first", failed: false });
  await send();
  expect(chosen).toEqual(["first", "second", "first"]);
});
