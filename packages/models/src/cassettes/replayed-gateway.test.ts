import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createTargetCaller } from "../call/create-target-caller.ts";
import type { Environment } from "../environment.ts";
import { answering, type FakeBehaviour, startFakeModelServer } from "../testing/fake-model-server.ts";
import { CALL, createGatewayWorld, HI, TENANT } from "../testing/gateway-world.ts";
import { openaiDialect } from "../testing/openai-dialect.ts";
import { openRecording } from "./open-recording.ts";

const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-cassettes-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
};
const serve = async (behaviour: FakeBehaviour) => {
  const server = await startFakeModelServer(openaiDialect, behaviour);
  onTestFinished(server.close);
  return server;
};

const openGateway = async (
  mode: "record" | "replay",
  { directory, models, env = {} }: { directory: string; models: Readonly<Record<string, unknown>>; env?: Environment },
) => {
  const recording = await openRecording({ mode, directory }, TENANT, env);
  const caller = recording.wrapCall(createTargetCaller({ env }), TENANT);
  return createGatewayWorld({ models, env: recording.env, caller }).gateway;
};

test("a replay passes over models that lacked a key when it was recorded, and settles what the others cost", async () => {
  const { baseUrl, requests } = await serve(answering({ text: "ok" }));
  const directory = await newFolder();
  const price = { input: 1, output: 2 };
  const models = {
    desk: { baseUrl, model: "first", apiKeyEnv: "MISSING_KEY", fallback: ["other"] },
    other: { baseUrl, model: "second", price },
  };
  const recorded = await (await openGateway("record", { directory, models })).generate(HI, CALL);
  expect([recorded.response.model, requests.length]).toEqual(["openai-compatible/second", 1]);
  const replayed = await (await openGateway("replay", { directory, models })).generate(HI, CALL);
  expect(replayed.response).toEqual(recorded.response);
  expect(replayed.settlement).toEqual(recorded.settlement);
  expect(requests).toHaveLength(1);
});

test("what was recorded of none of the models fails as such, and is not tried again", async () => {
  const { baseUrl, requests } = await serve(answering({ text: "ok" }));
  const directory = await newFolder();
  const models = {
    desk: { baseUrl, model: "first", fallback: ["other"] },
    other: { baseUrl, model: "second" },
  };
  await (await openGateway("record", { directory, models })).generate(HI, CALL);
  const gateway = await openGateway("replay", { directory, models });
  const work = gateway.generate({ ...HI, messages: [{ role: "user", content: "hello" }] }, CALL);
  await expect(work).rejects.toMatchObject({
    code: "RECORDING_MISSING",
    retryable: false,
    message: expect.stringContaining("recorded: [hi]\n    asked:    [hello]"),
  });
  expect(requests).toHaveLength(1);
});

test("vectors are replayed through the gateway", async () => {
  const { baseUrl } = await serve(answering({ text: "ok" }));
  const directory = await newFolder();
  const models = { desk: { baseUrl, model: "first" } };
  const request = { model: "desk", texts: ["a", "b"] };
  const recorded = await (await openGateway("record", { directory, models })).embed(request, CALL);
  expect(await (await openGateway("replay", { directory, models })).embed(request, CALL)).toEqual(recorded);
});
