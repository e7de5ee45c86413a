/** Which nodes have what one does for all, by whether their store is their own. */
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createRecordingLogger, ManualClock } from "@agentcore/core/testing";
import { expect, onTestFinished, test } from "vitest";
import { createNodeTurns } from "./node-turns.ts";

const createWorld = (isShared: boolean) => {
  const time = new ManualClock();
  const keyValue = createMemoryKeyValue({ clock: time });
  const start = (node: string, life: string, isLeaving = false) => {
    const held = { signal: undefined as AbortSignal | undefined };
    const turns = createNodeTurns({
      ...{ keyValue, isShared, senses: { clock: time, logger: createRecordingLogger() }, node, life },
      ...{ random: () => 0, isLeaving: () => isLeaving },
    });
    const turn = turns({
      ...{ key: "k", does: "works" },
      round: async (signal) => {
        held.signal = signal;
        return 1_000;
      },
    });
    onTestFinished(() => turn.close());
    turn.start();
    return { turn, works: () => held.signal?.aborted === false };
  };
  return { time, keyValue, start };
};

test.each([
  { store: "shared", name: "one", clock: "went on", waits: false },
  { store: "shared", name: "one", clock: "was set back", waits: true },
  { store: "shared", name: "other", clock: "went on", waits: true },
  { store: "its own", name: "one", clock: "was set back", waits: false },
  { store: "its own", name: "other", clock: "went on", waits: false },
])(
  "after one that was named one, and died, a node waits: $waits; its store is $store, its name is $name, its clock $clock",
  async ({ store, name, clock, waits }) => {
    const { time, start } = createWorld(store === "shared");
    const dead = start("one", "2");
    await time.advance(0);
    expect(dead.works()).toBe(true);
    const next = start(name, clock === "went on" ? "3" : "1");
    await time.advance(0);
    expect(next.works()).toBe(!waits);
  },
);

test("alone it asks its store for nothing, and goes on while it is drained and until it is closed", async () => {
  const { time, keyValue, start } = createWorld(false);
  const node = start("one", "1", true);
  await time.advance(120_000);
  expect([node.works(), await keyValue.list({ tenantId: "system", namespace: "turns" })]).toEqual([true, []]);
  await node.turn.close();
  expect([node.works(), time.nextTimerAt()]).toEqual([false, null]);
});
