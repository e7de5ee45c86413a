import { expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";

const signal = async (words: readonly string[], more: Parameters<typeof runInTest>[1] = {}) => {
  const node = await startFakeNode({ tasks: [{ taskId: "t1", agent: "reader", state: "working", events: [] }] });
  const ran = await runInTest(["signal", ...words, "--url", node.url], more);
  return {
    ...ran,
    sent: node.requests.filter(({ method }) => method === "POST").map(({ path, body }) => [path, body]),
  };
};

test("a signal goes to the task with what it says, under a key of its own", async () => {
  const ran = await signal(["t1", "payment.settled", "--input", '{"amount":120}']);
  expect(ran.stdout).toBe("signalled payment.settled to t1\n");
  expect(ran.sent).toEqual([
    ["/api/v1/tasks/t1/signals/payment.settled", { payload: { amount: 120 }, idempotencyKey: expect.any(String) }],
  ]);
});

test("a given key is used, the payload may come from the standard input, or be none", async () => {
  const keyed = await signal(["t1", "scan", "--input", "@-", "--idempotency-key", "k1"], { stdin: "[1]" });
  expect(keyed.sent).toEqual([["/api/v1/tasks/t1/signals/scan", { payload: [1], idempotencyKey: "k1" }]]);
  const bare = await signal(["t1", "scan", "--idempotency-key", "k2"]);
  expect(bare.sent).toEqual([["/api/v1/tasks/t1/signals/scan", { idempotencyKey: "k2" }]]);
});
