import { expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";
import type { LineReader } from "../line-reader.ts";

const chunk = (content: string) => ({ model: "smart", choices: [{ delta: { content }, finish_reason: null }] });
const end = (agentcore: object = { costUsd: 0.01 }, finish_reason = "stop") => ({
  ...{ model: "openai/gpt-5-mini", choices: [{ delta: {}, finish_reason }], agentcore },
});

/** Types these lines, one whenever it is asked. */
const typing = (lines: readonly string[], prompts: string[] = []) => {
  const left = [...lines];
  let interrupt = (): void => {};
  const reader: LineReader = {
    async next(prompt) {
      prompts.push(prompt);
      return left.shift() ?? null;
    },
    onInterrupt: (listener) => (interrupt = listener),
    close: () => {},
  };
  return { openLines: () => reader, interrupt: () => interrupt() };
};

test("a question is answered as it comes", async () => {
  const fake = await startFakeNode({ chat: () => [chunk("Hel"), chunk("lo"), end()] });
  const ran = await runInTest(["chat", "smart", "hi", "--system", "Be brief", "--url", fake.url]);
  expect(ran).toEqual({ code: 0, stdout: "Hello\n", stderr: "" });
  expect(fake.requests[0]).toMatchObject({
    ...{ method: "POST", path: "/v1/chat/completions" },
    body: {
      ...{ model: "smart", stream: true },
      messages: [
        { role: "system", content: "Be brief" },
        { role: "user", content: "hi" },
      ],
    },
  });
});

test("a question may come from a pipe, and the answer go to a program", async () => {
  const fake = await startFakeNode({ chat: () => [chunk("Hello"), end()] });
  const ran = await runInTest(["chat", "smart", "--url", fake.url, "-o", "json"], { stdin: "from a pipe\n" });
  expect(fake.requests[0]?.body).toMatchObject({ messages: [{ role: "user", content: "from a pipe" }] });
  expect(JSON.parse(ran.stdout)).toEqual({
    ...{ text: "Hello", finishReason: "stop", model: "openai/gpt-5-mini", costUsd: 0.01 },
  });
  const none = await runInTest(["chat", "smart", "--url", fake.url]);
  expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("what should be asked") });
});

test("an agent that asks is answered by another command", async () => {
  const fake = await startFakeNode({
    chat: () => [chunk("Which one?"), end({ taskId: "t1", contextId: "c1", state: "input-required" })],
  });
  const ran = await runInTest(["chat", "agent/greeter", "hi", "--url", fake.url]);
  expect(ran).toMatchObject({ code: 0, stdout: "Which one?\n" });
  expect(ran.stderr).toContain("agentcore send t1 TEXT");
});

test("at a terminal it is a conversation, in which a question of an agent is answered by the next line", async () => {
  const states = ["completed", "input-required", "completed"];
  const fake = await startFakeNode({
    chat: () => [chunk("ok"), end({ taskId: "t1", contextId: "c1", state: states.shift() })],
  });
  const prompts: string[] = [];
  const { openLines } = typing(["one", "two", "three", ""], prompts);
  const ran = await runInTest(["chat", "agent/greeter", "--url", fake.url], { openLines });
  expect(ran).toEqual({ code: 0, stdout: "ok\nok\nok\n", stderr: "" });
  expect(prompts).toEqual(["> ", "> ", "answer> ", "> "]);
  const [first, second, third] = fake.requests.map(({ body }) => body as { messages: object[]; agentcore?: object });
  expect([first?.agentcore, second?.agentcore, third?.agentcore]).toEqual([
    ...[undefined, { contextId: "c1" }, { taskId: "t1" }],
  ]);
  expect(third?.messages).toEqual([
    ...[
      { role: "user", content: "one" },
      { role: "assistant", content: "ok" },
    ],
    ...[
      { role: "user", content: "two" },
      { role: "assistant", content: "ok" },
    ],
    { role: "user", content: "three" },
  ]);
});

test("Ctrl-C breaks an answer off, and the conversation goes on", async () => {
  const typed = typing(["one", ""]);
  const endless = () => {
    setTimeout(typed.interrupt, 20);
    return [chunk("and so on")];
  };
  const fake = await startFakeNode({ chat: endless });
  const ran = await runInTest(["chat", "smart", "--url", fake.url], { openLines: typed.openLines });
  expect(ran).toEqual({ code: 0, stdout: "and so on\n", stderr: "broken off\n" });
});

test("a single answer that is broken off ends the command", async () => {
  const interrupted = new AbortController();
  const endless = () => {
    setTimeout(() => interrupted.abort(), 20);
    return [chunk("and so on")];
  };
  const fake = await startFakeNode({ chat: endless });
  const ran = await runInTest(["chat", "smart", "hi", "--url", fake.url], { signal: interrupted.signal });
  expect(ran).toMatchObject({ code: 130, stdout: "and so on\n" });
});

test("what a node refuses is told by its own code, also in the middle of an answer", async () => {
  const error = { message: "nothing left", code: "insufficient_quota", agentcore: { code: "BUDGET_EXCEEDED" } };
  const fake = await startFakeNode({ chat: () => [chunk("Hel"), { error }] });
  const ran = await runInTest(["chat", "smart", "hi", "--url", fake.url]);
  expect(ran).toMatchObject({ code: 1, stdout: "Hel\n" });
  expect(ran.stderr).toContain("error BUDGET_EXCEEDED: nothing left");
});

test("what a node refuses does not end a conversation", async () => {
  const answers = [
    [{ error: { message: "try later", code: "x", agentcore: { code: "OVERLOADED" } } }],
    [chunk("ok"), end()],
  ];
  const fake = await startFakeNode({ chat: () => answers.shift() ?? [] });
  const { openLines } = typing(["one", "two"]);
  const ran = await runInTest(["chat", "smart", "--url", fake.url], { openLines });
  expect(ran).toMatchObject({
    code: 0,
    stdout: "ok\n",
    stderr: expect.stringContaining("error OVERLOADED: try later"),
  });
  expect(fake.requests[1]?.body).toMatchObject({ messages: [{ role: "user", content: "two" }] });
});

test("models are listed with what is known of them", async () => {
  const models = [
    {
      ...{ name: "fast", declaredBy: "manifest", provider: "openai", model: "gpt-5-mini", trouble: null },
      ...{ price: { input: 0.25, output: 2 }, contextWindow: 400_000, fallback: ["local"] },
    },
    { name: "either", declaredBy: "manifest", candidates: ["fast", "local"], trouble: "no host answers" },
  ];
  const fake = await startFakeNode({ answers: { "GET /api/v1/models": { models } } });
  const ran = await runInTest(["models", "--url", fake.url]);
  expect(ran.stdout.split("\n").slice(0, 3)).toEqual([
    "NAME    MODEL                          PRICE     CONTEXT  OUTPUT  TROUBLE",
    "fast    openai/gpt-5-mini, then local  0.25 / 2  400000   -       -",
    "either  fast | local                   -         -        -       no host answers",
  ]);
  const data = await runInTest(["models", "--url", fake.url, "-o", "json"]);
  expect(JSON.parse(data.stdout)).toEqual(models);
});

test("models is a verb of its own beside those that begin with it", async () => {
  const fake = await startFakeNode({ answers: { "GET /api/v1/models": { models: [] } } });
  expect(await runInTest(["models", "--url", fake.url])).toMatchObject({ code: 0, stdout: "none\n" });
  expect(await runInTest(["-o", "json", "models", "--url", fake.url])).toMatchObject({ code: 0, stdout: "[]\n" });
  expect((await runInTest(["models", "plan", "--help"])).stdout).toContain("agentcore models plan");
  expect(await runInTest(["models", "plam"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("models plan"),
  });
});

test("a name that no model has is an agent's, from then on", async () => {
  const refused = {
    error: { code: "model_not_found", message: "not configured", agentcore: { code: "MODEL_NOT_CONFIGURED" } },
  };
  const fake = await startFakeNode({
    chat: (body) =>
      (body as { readonly model: string }).model === "greeter" ? refused : [chunk("Hello"), end({ taskId: "t1" })],
  });
  const { openLines } = typing(["hi", "again"]);
  const ran = await runInTest(["chat", "greeter", "--url", fake.url], { openLines });
  expect(ran).toMatchObject({ code: 0, stdout: "Hello\nHello\n" });
  const asked = fake.requests.filter(({ path }) => path === "/v1/chat/completions");
  expect(asked.map(({ body }) => (body as { readonly model: string }).model)).toEqual([
    "greeter",
    "agent/greeter",
    "agent/greeter",
  ]);
  const nobody = await runInTest(["chat", "nobody", "hi", "--url", (await startFakeNode({ chat: () => refused })).url]);
  expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining("MODEL_NOT_CONFIGURED") });
});
