import { expect, test } from "vitest";
import { type FakeTask, fakeStatus, startFakeNode } from "../../test/fake-node.ts";
import { runInTest } from "../../test/run-in-test.ts";
import { submitted, taskLog } from "../../test/task-log.ts";
import { loadAllCommands, VERBS } from "../command-table.ts";
import { COMPLETE_VERB } from "./completion-script.ts";

const task = (taskId: string, state: string): FakeTask => ({
  taskId,
  state,
  agent: "greeter",
  events: taskLog(submitted("greeter")),
});
const tasks = [task("a1", "parked"), task("b2", "input-required"), task("c3", "completed")];

const complete = async (words: readonly string[], environment: Record<string, string> = {}): Promise<string[]> => {
  const ran = await runInTest([COMPLETE_VERB, ...words], { environment });
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  return ran.stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t")[0] ?? "");
};
const withNode = async (...words: string[]) => {
  const { url } = await startFakeNode({ tasks, nodes: [fakeStatus("pod-1"), fakeStatus("pod-2")] });
  return complete(words, { AGENTCORE_URL: url });
};

test("the first word is a verb, and every verb is offered", async () => {
  expect(await complete([""])).toEqual([...new Set(VERBS.map((verb) => verb.split(" ")[0]))]);
  expect(await complete(["a2a", ""])).toEqual(["card", "send", "watch", "verify"]);
  expect(await complete(["de"])).toEqual(["dev", "describe", "delete", "decide", "debug"]);
  expect(await complete(["--he"])).toEqual(["--help"]);
});

test("every option of every verb is offered until it is there", async () => {
  for (const { name, options } of await loadAllCommands()) {
    const offered = await complete([...name.split(" "), "-"]);
    for (const option of Object.keys(options)) expect(offered, name).toContain(`--${option}`);
  }
  expect(await complete(["get", "tasks", "--state", "parked", "--sta"])).toEqual([]);
  expect(await complete(["run", "greeter", "-i", "x", "--inp"])).toEqual([]);
  expect(await complete(["apply", "--file", "a", "--fi"])).toEqual(["--file"]);
});

test.each([
  [["get", "ta"], ["tasks"]],
  [["-o", "json", "get", "ta"], ["tasks"]],
  [["get", "-o", "y"], ["yaml"]],
  [["get", "--output=j"], ["--output=json"]],
  [["get", "tasks", "--state", "parked,inp"], ["parked,input-required"]],
  [
    ["completion", ""],
    ["bash", "zsh", "fish"],
  ],
  [["apply", "-f", ""], [":files"]],
  [["dev", "a", ""], [":files"]],
  [["run", "greeter", "--input", ""], [":files"]],
  [["get", "tasks", "x", ""], []],
  [["up", "--port", ""], []],
  [["nonsense", ""], []],
])("%j is completed with %j", async (words, expected) => {
  expect(await complete(words)).toEqual(expected);
});

test.each([
  [["run", ""], ["greeter"]],
  [["describe", "agent", "gr"], ["greeter"]],
  [["delete", "model", ""], []],
  [["describe", "tenant", ""], []],
  [["get", "manifests", ""], ["greeter"]],
  [["get", "tasks", "--agent", ""], ["greeter"]],
  [
    ["logs", ""],
    ["a1", "b2", "c3"],
  ],
  [["describe", "task", "c"], ["c3"]],
  [["retry", ""], ["a1"]],
  [["send", ""], ["b2"]],
  [["drain", "pod-2"], ["pod-2"]],
  [
    ["undrain", ""],
    ["pod-1", "pod-2"],
  ],
  [
    ["get", "nodes", "pod"],
    ["pod-1", "pod-2"],
  ],
  [["describe", "node", "pod-1"], ["pod-1"]],
])("%j is completed with what the node knows", async (words, expected) => {
  expect(await withNode(...words)).toEqual(expected);
});

test("who may be asked is a model or an agent", async () => {
  const models = [
    { name: "smart", declaredBy: "manifest", trouble: null },
    { name: "openai/…", trouble: null },
  ];
  const { url } = await startFakeNode({ answers: { "GET /api/v1/models": { models } } });
  expect(await complete(["chat", ""], { AGENTCORE_URL: url })).toEqual(["smart", "agent/greeter"]);
});

test("the node is the one that the command line names, with its key", async () => {
  const { url } = await startFakeNode({ tasks, apiKey: "secret" });
  expect(await complete(["--url", url, "--api-key", "secret", "run", ""])).toEqual(["greeter"]);
  expect(await complete(["--url", url, "run", ""])).toEqual([]);
});

test("no node, no names, no complaint", async () => {
  expect(await complete(["run", ""], { AGENTCORE_URL: "http://127.0.0.1:1" })).toEqual([]);
});
