import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createFnvDigest, ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { type AskedRecord, ConsentRecords } from "./consent-records.ts";

const SCOPE = { tenantId: "acme", namespace: "tool-consents" };

const open = () => {
  const clock = new ManualClock();
  const keyValue = createMemoryKeyValue({ clock });
  let made = 0;
  const records = new ConsentRecords(keyValue, clock, createFnvDigest());
  const ask = (taskId: string, caller = "ann"): Promise<AskedRecord> =>
    records.ask("acme", { manifest: "desk", caller, task: { taskId, agent: "clerk" }, wanted: {} }, () => {
      made += 1;
      return made.toString(16).padStart(64, "0");
    });
  return { clock, keyValue, records, ask };
};

test("calls of one task that ask at once ask one question", async () => {
  const { records, ask } = open();
  const asked = await Promise.all(Array.from({ length: 8 }, () => ask("t-1")));
  expect(new Set(asked.map(({ id }) => id)).size).toBe(1);
  expect((await records.waiting("acme", "desk", "ann")).map(({ id }) => id)).toEqual([asked[0]?.id]);
});

test("who asks while somebody is at the server's pages takes nothing from what they come back with", async () => {
  const { records, ask } = open();
  const { id } = await ask("t-1");
  const found = await records.asked("acme", id);
  const begun = { verifier: "v", nonce: "n", browser: "b", redirectUrl: "r", server: "s" } as NonNullable<
    AskedRecord["begun"]
  >;
  await Promise.all([
    records.update("acme", { ...(found?.record as AskedRecord), begun }, found?.version ?? 0),
    ask("t-1"),
    ask("t-1"),
  ]);
  expect((await records.asked("acme", id))?.record.begun).toEqual(begun);
});

test("all who wait for one person's consent are found, however many, and nobody else's", async () => {
  const { records, ask } = open();
  for (let task = 0; task < 1_100; task++) await ask(`t-${task}`);
  await ask("t-of-bob", "bob");
  expect(new Set((await records.waiting("acme", "desk", "ann")).map(({ task }) => task?.taskId)).size).toBe(1_100);
});

test("a link has one way back at a time", async () => {
  const { keyValue, records } = open();
  for (const [nonce, before] of [["one"], ["two", "one"], ["three", "two"]] as const)
    await records.leave("acme", nonce, "id", before);
  expect((await keyValue.list(SCOPE, { prefix: "state/" })).map(({ key }) => key)).toEqual(["state/three"]);
  expect([await records.back("acme", "two"), await records.back("acme", "three")]).toEqual([null, "id"]);
  expect(await records.back("acme", "three")).toBeNull();
});
