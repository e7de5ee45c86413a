import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createSealedKeyValue } from "@agentcore/core/payloads";
import { createRecordingLogger, createTestCodec, ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { type PushRecord, PushStore } from "./push-store.ts";

const SCOPE = { tenantId: "acme", namespace: "push" };

const recordOf = (taskId: string, id: string): PushRecord => ({
  config: { id, taskId, url: "https://hook.example/", token: "hidden" },
  ...{ uid: id, version: "1.0", caller: "ann", createdAt: 0, state: "open" },
  ...{ from: 1, acknowledged: 0, attempts: 0, nextAttemptAt: 0 },
});

const createStores = () => {
  const raw = createMemoryKeyValue({ clock: new ManualClock() });
  const logger = createRecordingLogger();
  const storeOf = (key: string) => new PushStore(createSealedKeyValue(raw, createTestCodec([key])), logger);
  return { raw, logger, store: storeOf("new"), lost: storeOf("lost") };
};

const put = (store: PushStore, taskId: string, configId: string) =>
  store.put({ tenantId: "acme", taskId, configId }, recordOf(taskId, configId), 0);

const idsOf = async (found: AsyncIterable<{ readonly record: PushRecord }>): Promise<readonly string[]> => {
  const ids: string[] = [];
  for await (const { record } of found) ids.push(record.config.id);
  return ids;
};

test("what is sealed with a lost key, or is of another shape, is told once and hides nothing else", async () => {
  const { raw, logger, store, lost } = createStores();
  await put(store, "t", "a");
  await put(lost, "t", "b");
  await createSealedKeyValue(raw, createTestCodec(["new"])).put(SCOPE, "t/c", { url: "https://hidden.example/" });
  await put(store, "t", "d");
  for (let times = 0; times < 2; times += 1) {
    expect(await idsOf(store.all("acme"))).toEqual(["a", "d"]);
    expect(await idsOf(store.ofTask({ tenantId: "acme", taskId: "t" }))).toEqual(["a", "d"]);
  }
  expect(logger.records).toMatchObject([
    { level: "error", fields: { tenantId: "acme", taskId: "t", configId: "b" } },
    { level: "error", fields: { tenantId: "acme", taskId: "t", configId: "c" } },
  ]);
  expect(JSON.stringify(logger.records)).not.toContain("hidden");
  for (const configId of ["b", "c"])
    await expect(store.get({ tenantId: "acme", taskId: "t", configId })).rejects.toMatchObject({
      code: "PAYLOAD_UNREADABLE",
    });
});

test("with a task go all of its configurations, however many, also those that cannot be read", async () => {
  const { raw, store, lost } = createStores();
  await put(lost, "t", "unreadable");
  await put(store, "t2", "other");
  for (let index = 0; index < 600; index += 1) await put(store, "t", `c${index}`);
  expect(await idsOf(store.ofTask({ tenantId: "acme", taskId: "t" }))).toHaveLength(600);
  await store.deleteOfTask({ tenantId: "acme", taskId: "t" });
  expect((await raw.list(SCOPE)).map(({ key }) => key)).toEqual(["t2/other"]);
});
