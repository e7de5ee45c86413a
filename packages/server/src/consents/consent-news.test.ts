/** Tasks hear of consent, also of what was kept by a node that died before it told them. */
import { PlatformError, type TaskEvent } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createFnvDigest, createRecordingLogger, ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { ConsentNews } from "./consent-news.ts";
import { type AskedRecord, ConsentRecords } from "./consent-records.ts";
import { consentPath } from "./consents.ts";

const OF = { tenantId: "acme", manifest: "desk", caller: "ann" };

const setUp = () => {
  const clock = new ManualClock();
  const records = new ConsentRecords(createMemoryKeyValue({ clock }), clock, createFnvDigest());
  const questions = new Map<string, AskedRecord>();
  const told: string[] = [];
  const answered = new Set<string>();
  const news = new ConsentNews({
    ...{ records, clock, logger: createRecordingLogger() },
    isAnswered: async (_tenantId, { manifest, id }) => {
      if (manifest !== "desk") throw new PlatformError("NOT_FOUND", `there is no Tool "${manifest}"`);
      return answered.has(id);
    },
    tasks: () => ({
      async authorize(_scope, taskId) {
        told.push(taskId);
      },
      async log(_scope, taskId) {
        const asked = questions.get(taskId);
        if (asked === undefined) return [];
        const url = `http://node.test${consentPath(OF.tenantId, asked.id)}`;
        const authorization = { name: `tools/${asked.manifest}`, url };
        return [{ seq: 1, at: 0, type: "task.authRequired", data: { authorization } } as unknown as TaskEvent];
      },
    }),
  });
  const ask = async (taskId: string, manifest = OF.manifest): Promise<AskedRecord> => {
    const asked = await records.ask(
      OF.tenantId,
      { ...{ manifest, caller: OF.caller, wanted: {} }, task: { taskId, agent: "clerk" } },
      () => taskId.padStart(64, "0"),
    );
    questions.set(taskId, asked);
    return asked;
  };
  return { clock, records, news, ask, told, answered, questions };
};

test("a sweep tells those whose consent was kept and not told, once, and nobody else", async () => {
  const { records, news, ask, told, answered } = setUp();
  const [kept] = [await ask("1"), await ask("2"), await ask("3", "gone")];
  answered.add(kept.id);
  await news.sweep(OF.tenantId);
  await news.sweep(OF.tenantId);
  expect(told).toEqual(["1"]);
  expect((await records.allWaiting(OF.tenantId)).map(({ task }) => task?.taskId)).toEqual(["2", "3"]);
  await news.sweep("other");
  expect(told).toEqual(["1"]);
});

test("a task that has not written its question down yet is told again until it has", async () => {
  const { clock, news, ask, told, questions } = setUp();
  const asked = await ask("1");
  questions.delete("1");
  await news.tell(OF);
  expect(told).toEqual([]);
  questions.set("1", asked);
  await clock.advance(500);
  expect(told).toEqual(["1"]);
  await clock.advance(60_000);
  expect(told).toEqual(["1"]);
});
