import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModelRequest } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { createRecordingLogger } from "@agentcore/core/testing";
import { afterEach, expect, test } from "vitest";
import type { TargetCaller, TargetCallOptions } from "../call/create-target-caller.ts";
import { failedUsageOf, withFailedUsage } from "../call/failed-usage.ts";
import type { ModelTarget, TargetAnswer } from "../model-target.ts";
import { createCassetteFolder, openCassetteFolder } from "./cassette-folder.ts";
import { openRecording } from "./open-recording.ts";
import { recording } from "./recording.ts";
import { replaying } from "./replaying.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});
/** Not there yet. */
const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-cassettes-"));
  folders.push(folder);
  return join(folder, "run");
};

const TARGET: ModelTarget = {
  ...{ id: "desk", name: "desk", provider: "openai", model: "gpt-5-mini", isDeclared: true, apiKeyEnv: "DESK_KEY" },
  ...{ headers: { "x-secret": "header-value" }, timeoutMs: 1000, firstTokenTimeoutMs: 1000 },
};
const { signal } = new AbortController();
const ask = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [
    { role: "system", content: "Answer in one word." },
    { role: "user", content },
  ],
  ...more,
});
const answerOf = (text: string): TargetAnswer => ({
  response: {
    ...{ text, toolCalls: [{ id: "1", name: "look", input: { at: [1, 2] } }], finishReason: "tool-calls" },
    usage: { inputTokens: 7, outputTokens: 3, cachedInputTokens: 2 },
    model: "openai/gpt-5-mini",
  },
  ...{ firstTokenMs: 12, durationMs: 34 },
});

/** Answers in order, in pieces of three characters where it is streamed. */
const scripted = (...script: (string | PlatformError)[]): TargetCaller => {
  const next = (onText: TargetCallOptions["onText"]): TargetAnswer => {
    const answer = script.shift();
    if (answer === undefined) throw new Error("asked too often");
    const text = typeof answer === "string" ? answer : "half";
    for (const [piece] of text.matchAll(/.{1,3}/g)) onText?.(piece);
    if (typeof answer !== "string") throw answer;
    return answerOf(answer);
  };
  return {
    call: async (_target, _request, { onText }) => next(onText),
    embed: async (_target, texts) => ({
      vectors: texts.map((text, index) => [text.length, index / 3]),
      ...{ usage: { inputTokens: texts.length, outputTokens: 0 }, durationMs: 5 },
    }),
  };
};

const failure = async (work: Promise<unknown>): Promise<PlatformError> => {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!PlatformError.is(error)) throw new Error(`expected a PlatformError, got ${String(error)}`);
  return error;
};
const replay = async (folder: string): Promise<TargetCaller> => replaying(await openCassetteFolder(folder));

test("a recorded answer is replayed as it was, streamed in its pieces and whole", async () => {
  const folder = await newFolder();
  const heard: string[] = [];
  const onText = (text: string): void => void heard.push(text);
  const recorded = await recording(scripted("Stockholm"), createCassetteFolder(folder)).call(TARGET, ask("Sweden?"), {
    ...{ signal, onText },
  });
  expect(recorded).toEqual(answerOf("Stockholm"));
  expect(heard).toEqual(["Sto", "ckh", "olm"]);
  const again = await replay(folder);
  heard.length = 0;
  expect(await again.call(TARGET, ask("Sweden?"), { signal, onText })).toEqual(recorded);
  expect(heard).toEqual(["Sto", "ckh", "olm"]);
  expect(await again.call(TARGET, ask("Sweden?"), { signal })).toEqual(recorded);
});

test("what was not streamed comes in one piece", async () => {
  const folder = await newFolder();
  await recording(scripted("Stockholm"), createCassetteFolder(folder)).call(TARGET, ask("Sweden?"), { signal });
  const heard: string[] = [];
  await (await replay(folder)).call(TARGET, ask("Sweden?"), { signal, onText: (text) => void heard.push(text) });
  expect(heard).toEqual(["Stockholm"]);
});

test("the same request gets its answers in their order, and then the last one", async () => {
  const folder = await newFolder();
  const recorder = recording(scripted("one", "two", "other", "three"), createCassetteFolder(folder));
  for (const question of ["n?", "n?", "m?", "n?"]) await recorder.call(TARGET, ask(question), { signal });
  const places = (await readdir(folder)).map((name) => name.replace(/^openai-gpt-5-mini\.[0-9a-f]{16}/, ""));
  expect(places.sort()).toEqual([".2.json", ".3.json", ".json", ".json"]);
  const again = await replay(folder);
  const texts = [];
  for (let n = 0; n < 5; n += 1) texts.push((await again.call(TARGET, ask("n?"), { signal })).response.text);
  expect(texts).toEqual(["one", "two", "three", "three", "three"]);
});

test("an error of a provider is replayed with its time to wait, what came before it and what it cost", async () => {
  const folder = await newFolder();
  const usage = { inputTokens: 9, outputTokens: 1, estimated: true };
  const limited = withFailedUsage(
    new PlatformError("UPSTREAM_FAILED", 'model "desk" failed (429): slow down', {
      ...{ retryable: true, retryAfterMs: 3000, details: { status: 429 } },
    }),
    { usage },
  );
  const recorder = recording(scripted(limited, "Stockholm"), createCassetteFolder(folder));
  await expect(recorder.call(TARGET, ask("Sweden?"), { signal, onText: () => {} })).rejects.toBe(limited);
  await recorder.call(TARGET, ask("Sweden?"), { signal });
  const again = await replay(folder);
  const heard: string[] = [];
  const error = await failure(again.call(TARGET, ask("Sweden?"), { signal, onText: (text) => void heard.push(text) }));
  expect(error.toJSON()).toEqual(limited.toJSON());
  expect(failedUsageOf(error)).toEqual({ usage });
  expect(heard).toEqual(["hal", "f"]);
  expect((await again.call(TARGET, ask("Sweden?"), { signal })).response.text).toBe("Stockholm");
});

test("what this machine lacks, and what was aborted, is not recorded", async () => {
  const folder = await newFolder();
  const controller = new AbortController();
  const script = [new PlatformError("MODEL_NOT_CONFIGURED", "no key"), new PlatformError("CANCELED", "over")];
  const recorder = recording(scripted(...script, "x"), createCassetteFolder(folder));
  await failure(recorder.call(TARGET, ask("Sweden?"), { signal }));
  controller.abort();
  await failure(recorder.call(TARGET, ask("Sweden?"), { signal: controller.signal }));
  await recorder.call(TARGET, ask("Norway?"), { signal });
  expect(await readdir(folder)).toHaveLength(1);
  const aborted = (await replay(folder)).call(TARGET, ask("Norway?"), { signal: controller.signal });
  expect(await failure(aborted)).toMatchObject({ code: "CANCELED" });
});

test("vectors are replayed to the last digit", async () => {
  const folder = await newFolder();
  const vectors = await recording(scripted(), createCassetteFolder(folder)).embed(TARGET, ["a", "bcd"], {
    signal,
    tenantId: "acme",
  });
  expect(await (await replay(folder)).embed(TARGET, ["a", "bcd"], { signal, tenantId: "acme" })).toEqual(vectors);
  const missing = await failure((await replay(folder)).embed(TARGET, ["a", "xyz"], { signal, tenantId: "acme" }));
  expect(missing.message).toMatch(/texts\[1\]\n {4}recorded: \[bcd\]\n {4}asked: {4}\[xyz\]/);
});

test("a request that was not recorded is told from the nearest that was, word by word", async () => {
  const folder = await newFolder();
  const recorder = recording(scripted("Stockholm", "42", "x"), createCassetteFolder(folder));
  await recorder.call(TARGET, ask("What is the capital of Sweden, please, and since when?", { seed: 1 }), { signal });
  await recorder.call(TARGET, ask("Something else altogether."), { signal });
  await recorder.call({ ...TARGET, model: "gpt-5" }, ask("Hello."), { signal });
  const again = await replay(folder);
  const near = ask("What is the capital of Norway, please, and since when?", { seed: 2, temperature: 0.5 });
  const error = await failure(again.call(TARGET, near, { signal }));
  expect(error).toMatchObject({ code: "RECORDING_MISSING", retryable: false });
  expect(error.message.replaceAll(/[0-9a-f]{16}/g, "KEY")).toBe(
    [
      "there is no recording of this request to openai/gpt-5-mini. The nearest, openai-gpt-5-mini.KEY.json, differs in",
      "  messages[1] (user).content",
      "    recorded: What is the capital of [Sweden,] please, and since when?",
      "    asked:    What is the capital of [Norway,] please, and since when?",
      "  seed",
      "    recorded: 1",
      "    asked:    2",
      "  temperature",
      "    recorded: (nothing)",
      "    asked:    0.5",
      "To record it anew, run once with --record (testAgent: record) into an empty folder.",
    ].join("\n"),
  );
  const other = await failure(again.call({ ...TARGET, provider: "mistral", model: "m" }, near, { signal }));
  expect(other.message).toContain("Of this model there is nothing, but of openai-gpt-5, openai-gpt-5-mini.");
});

test("a difference is bounded, however long the request is", async () => {
  const folder = await newFolder();
  const long = (word: string): ModelRequest => ({
    messages: Array.from({ length: 50 }, (_, n) => ({ role: "user" as const, content: `${word}${n} `.repeat(2000) })),
  });
  await recording(scripted("x"), createCassetteFolder(folder)).call(TARGET, long("a"), { signal });
  const error = await failure((await replay(folder)).call(TARGET, long("b"), { signal }));
  expect(error.message.length).toBeLessThan(4096);
  expect(error.message).toContain("and 45 more");
});

test("no key stands in a recording, wherever the provider or the prompt put it", async () => {
  const folder = await newFolder();
  const env = { DESK_KEY: "sk-very-secret", OTHER_TOKEN: "sk-very-secret-too", SHORT_KEY: "a", PATH: "Stockholm" };
  const { wrapCall } = await openRecording({ mode: "record", directory: folder }, "own", env);
  const told = new PlatformError("UPSTREAM_FAILED", "no: sk-very-secret-too");
  const recorder = wrapCall(scripted("Stockholm sk-very-secret", told), "own");
  await recorder.call(TARGET, ask("a sk-very-secret b"), { signal, onText: () => {} });
  await failure(recorder.call(TARGET, ask("Norway?"), { signal }));
  const names = await readdir(folder);
  const text = (await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")))).join("\n");
  expect(text).toContain("a *** b");
  expect(text).toContain("Stockholm ***");
  expect(text).toContain("no: ***");
  expect(text).not.toMatch(/sk-very|DESK_KEY|x-secret|header-value/);
});

test("tenants have recordings of their own", async () => {
  const directory = await newFolder();
  const { wrapCall } = await openRecording({ mode: "record", directory }, "own", {});
  await wrapCall(scripted("mine"), "own").call(TARGET, ask("n?"), { signal });
  await wrapCall(scripted("theirs"), "..").call(TARGET, ask("n?"), { signal });
  const logger = createRecordingLogger();
  const again = await openRecording({ mode: "replay", directory }, "own", {}, logger);
  const text = async (tenantId: string) =>
    (await again.wrapCall(scripted(), tenantId).call(TARGET, ask("n?"), { signal })).response.text;
  expect(await text("own")).toBe("mine");
  expect(await text("..")).toBe("theirs");
  const error = await failure(text("third"));
  expect(error.code).toBe("RECORDING_MISSING");
  expect(error.message).not.toContain("n?");
  // Where it was looked for is the node's to know.
  expect(error.message).not.toContain(directory);
  expect(logger.records).toEqual([
    expect.objectContaining({
      message: `${join(directory, "tenants", "third")} holds no recording of a call of openai/gpt-5-mini`,
      fields: { tenantId: "third" },
    }),
  ]);
});

test("files are this user's alone, and recorders of two processes keep what each of them adds", async () => {
  const folder = await newFolder();
  const recorders = [1, 2].map((n) =>
    recording(scripted(...Array.from({ length: 20 }, (_, index) => `${n}:${index}`)), createCassetteFolder(folder)),
  );
  const calls = Array.from({ length: 20 }, () =>
    recorders.map((recorder) => recorder.call(TARGET, ask("n?"), { signal })),
  );
  await Promise.all(calls.flat());
  const names = await readdir(folder);
  expect(names).toHaveLength(40);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  for (const name of names) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  const again = await replay(folder);
  const texts = new Set<string>();
  for (let n = 0; n < 40; n += 1) texts.add((await again.call(TARGET, ask("n?"), { signal })).response.text);
  expect(texts.size).toBe(40);
});

test("what cannot be written or read is said, and what the lost answer cost is known", async () => {
  const folder = await newFolder();
  expect(await failure(openCassetteFolder(folder))).toMatchObject({ code: "CONFIG_INVALID" });
  await writeFile(folder, "a file");
  const lost = await failure(
    recording(scripted("x"), createCassetteFolder(folder)).call(TARGET, ask("n?"), { signal }),
  );
  expect(lost).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("cannot record into") });
  expect(failedUsageOf(lost)?.usage).toMatchObject({ inputTokens: 7 });
  await rm(folder);
  await mkdir(folder);
  await recording(scripted("x"), createCassetteFolder(folder)).call(TARGET, ask("n?"), { signal });
  const [name = ""] = await readdir(folder);
  // Usage of parts of a token could not be counted.
  const halved = (await readFile(join(folder, name), "utf8")).replace('"inputTokens": 7', '"inputTokens": 3.5');
  for (const text of [halved, '{ "version": 2 }']) {
    await writeFile(join(folder, name), text);
    const broken = await failure((await replay(folder)).call(TARGET, ask("n?"), { signal }));
    expect(broken).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining(name) });
  }
});

test("a recording that is too large is refused", async () => {
  const folder = await newFolder();
  const recorder = recording(scripted("x"), createCassetteFolder(folder));
  const large = recorder.call(TARGET, ask("y".repeat(65 * 1024 * 1024)), { signal });
  expect(await failure(large)).toMatchObject({ code: "TOO_LARGE" });
});
