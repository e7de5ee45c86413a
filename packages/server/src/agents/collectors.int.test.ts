/** Standard agents that keep what is told, over two nodes on one PostgreSQL, of which one goes. */
import { afterEach, beforeEach, expect } from "vitest";
import { SCOPE, SharedDatabase, test } from "../../test/shared-database.ts";
import type { NodeParts } from "../compose.ts";

let shared: SharedDatabase;
beforeEach(async () => {
  shared = await SharedDatabase.create();
});
afterEach(() => shared.remove());

const REPORTS = 40;
const TELLER = `async ({ id, contextId, caller, input }, ctx) => {
  const task = { id, contextId, caller };
  const at = ctx.now();
  await Promise.all(Array.from({ length: ${REPORTS} }, (_, round) =>
    ctx.emit("log.written", { task, entries: [{ at, level: "info", message: "round " + input + "/" + round }] }, { durable: true, key: String(round) })));
}`;
const LOG = {
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name: "log" },
  spec: { standard: { name: "log" } },
};

interface Found {
  readonly written: number;
  readonly entries: readonly { readonly message: string }[];
}

const find = async (node: NodeParts): Promise<Found> => {
  const input = { find: { limit: 500 } };
  const { taskId } = await node.tasks.submit(SCOPE, { target: { agent: "log" }, input });
  await node.tasks.settled(SCOPE, taskId);
  const last = (await node.tasks.log(SCOPE, taskId)).at(-1);
  return (last?.type === "task.completed" ? last.data.output : { written: -1, entries: [] }) as Found;
};

test("what is told on both nodes is kept once, whoever keeps it goes or is canceled in the midst of it", async () => {
  const [a, b] = [await shared.start("a"), await shared.start("b")];
  await a.manifests.apply("default", [LOG, await shared.writeAgent("teller", TELLER)], { dryRun: false });
  await expect.poll(() => b.catalogue.list("default").length).toBe(2);
  const tell = (node: NodeParts, input: string) => node.tasks.submit(SCOPE, { target: { agent: "teller" }, input });
  const collectors = async () =>
    (await b.tasks.list(SCOPE, { agent: "log", pageSize: 100 })).heads.filter(({ caller }) =>
      caller.startsWith("event:"),
    );
  await Promise.all([tell(a, "a1"), tell(b, "b1"), tell(a, "a2"), tell(b, "b2")]);
  await expect.poll(collectors, { timeout: 10_000 }).not.toEqual([]);
  const [open] = (await collectors()).filter(({ state }) => state === "working");
  if (open !== undefined) await b.tasks.cancel(SCOPE, open.taskId);
  await Promise.all([tell(a, "a3"), tell(b, "b3")]);
  await shared.stop(a);
  await Promise.all([tell(b, "b4"), tell(b, "b5")]);
  const rounds = ["a1", "a2", "a3", "b1", "b2", "b3", "b4", "b5"];
  const messages = rounds.flatMap((input) => Array.from({ length: REPORTS }, (_, round) => `round ${input}/${round}`));
  await expect.poll(async () => (await find(b)).written, { timeout: 40_000, interval: 300 }).toBe(messages.length);
  const { entries } = await find(b);
  expect(new Set(entries.map(({ message }) => message))).toEqual(new Set(messages));
  expect(entries).toHaveLength(messages.length);
});
