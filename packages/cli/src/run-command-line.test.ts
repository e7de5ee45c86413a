import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewTaskEvent } from "@agentcore/contract";
import { describe, expect, test } from "vitest";
import { type FakeTask, startFakeNode } from "../test/fake-node.ts";
import { runInTest } from "../test/run-in-test.ts";
import { submitted, taskLog } from "../test/task-log.ts";
import { VERBS } from "./command-table.ts";

const completed: FakeTask = {
  taskId: "t1",
  agent: "greeter",
  state: "completed",
  events: taskLog(
    submitted("greeter"),
    { type: "task.started", data: {} },
    { type: "task.progressed", data: { path: "p#1", kind: "progress", message: "thinking", share: 0.5 } },
    { type: "task.completed", data: { output: { greeting: "Hello Ada" } } },
  ),
};
const failed: FakeTask = {
  taskId: "t2",
  agent: "greeter",
  state: "failed",
  events: taskLog(submitted("greeter"), {
    type: "task.failed",
    data: { error: { code: "AGENT_FAILED", message: "no luck" } },
  }),
};
const asking: FakeTask = {
  taskId: "t3",
  agent: "greeter",
  state: "input-required",
  events: taskLog(submitted("greeter"), {
    type: "task.inputRequired",
    data: { path: "i#1", kind: "input", prompt: [{ text: "Which Ada?" }] },
  }),
};
const parked: FakeTask = {
  taskId: "t4",
  agent: "greeter",
  state: "parked",
  events: taskLog(submitted("greeter"), {
    type: "task.parked",
    data: { error: { code: "ATTEMPTS_EXHAUSTED", message: "five deaths" } },
  }),
};
const tasks = [completed, failed, asking, parked];

describe("exit codes", () => {
  test("0 for help and version, on stdout", async () => {
    for (const words of [
      ["--help"],
      ["help"],
      ["help", "up"],
      ["up", "--help"],
      ["--version"],
      ["version", "-o", "json"],
    ]) {
      const ran = await runInTest(words);
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      expect(ran.stdout.length).toBeGreaterThan(10);
    }
  });

  test.each([
    [[], "a command is missing"],
    [["aply"], 'there is no command "aply"; did you mean "apply"?'],
    [["run"], "AGENT is missing"],
    [["get", "tasks", "--state", "sleeping"], "--state sleeping"],
    [["up", "--port", "99999"], "--port 99999"],
    [["apply"], "-f FILE|DIR is missing"],
    [["send", "t1"], "TEXT or --data is missing"],
    [["send", "t1", "--data", "{"], "--data is not valid JSON"],
    [["run", "greeter", "--input", "./nowhere"], "no such folder"],
    [["dev", "--port", "x"], "--port x"],
    [["get", "agents", "--state", "parked"], "--state and --agent choose among tasks"],
    [["get", "tasks", "--limit", "0"], "--limit 0: expected a whole number of 1 or more"],
    [["get", "tasks", "--limit", "-1"], '--limit needs a value; one that begins with "-" is written --limit=VALUE'],
  ])("2 for %j, with the help to read", async (words, message) => {
    const ran = await runInTest(words);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain(message);
    const isVerb = words[0] !== undefined && VERBS.includes(words[0]);
    expect(ran.stderr).toContain(`  next: agentcore ${isVerb ? `${words[0]} ` : ""}--help\n`);
  });

  test("1 when no node answers, with the next step and without a stack", async () => {
    const ran = await runInTest(["get", "tasks", "--url", "http://127.0.0.1:1"]);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toMatch(/^error UNAVAILABLE: .*127\.0\.0\.1:1/);
    expect(ran.stderr).toContain("next: ");
    expect(ran.stderr).not.toContain("    at ");
    const verbose = await runInTest(["get", "tasks", "--url", "http://127.0.0.1:1", "--verbose"]);
    expect(verbose.stderr).toContain("    at ");
  });
});

describe("with a node", () => {
  test("run prints the output on stdout and progress on stderr", async () => {
    const node = await startFakeNode({ tasks: [completed] });
    const ran = await runInTest(["run", "greeter", "--input", '{"name":"Ada"}', "--url", node.url]);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toEqual({ greeting: "Hello Ada" });
    expect(ran.stderr).toContain("50 % thinking");
    expect(node.requests[0]).toMatchObject({
      method: "POST",
      path: "/api/v1/tasks",
      body: { target: "agent:greeter", input: { name: "Ada" } },
    });
  });

  test("run hands the priority on, and refuses one that is none before it asks the node", async () => {
    const node = await startFakeNode({ tasks: [completed] });
    const run = (priority: string) =>
      runInTest(["run", "greeter", "-i", "{}", "--priority", priority, "--detach", "--url", node.url]);
    expect((await run("high")).code).toBe(0);
    expect(node.requests.map(({ body }) => body)).toMatchObject([{ priority: "high" }]);
    const refused = await run("asap");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("--priority asap: expected low, normal, high or urgent");
    expect(node.requests).toHaveLength(1);
  });

  describe("run without --input", () => {
    const withDefault = (value: string) => ({
      tasks: [completed],
      manifests: [
        { kind: "Agent", metadata: { name: "greeter", annotations: { "agentcore.dev/default-input": value } } },
      ],
    });

    test("gives the agent what its manifest suggests, and says so", async () => {
      const node = await startFakeNode(withDefault('{"name":"Bob"}'));
      const ran = await runInTest(["run", "greeter", "--url", node.url]);
      expect(ran.code).toBe(0);
      expect(ran.stderr).toContain('input {"name":"Bob"} (the default of greeter; another with --input)');
      expect(node.requests.find(({ method }) => method === "POST")?.body).toMatchObject({ input: { name: "Bob" } });
    });

    test("is refused with an example when the manifest suggests nothing", async () => {
      const node = await startFakeNode({ tasks: [completed] });
      const ran = await runInTest(["run", "greeter", "--url", node.url]);
      expect(ran).toMatchObject({ code: 2, stdout: "" });
      expect(ran.stderr).toMatch(/^error USAGE: --input is missing.*\n {2}next: agentcore run greeter --input/);
      expect(node.requests.map(({ method }) => method)).toEqual(["GET"]);
    });

    test("of an agent that is not there says that", async () => {
      const node = await startFakeNode();
      const ran = await runInTest(["run", "nobody", "--url", node.url]);
      expect(ran.stderr).toMatch(/^error AGENT_NOT_FOUND: .*nobody\n {2}next: /);
    });
  });

  test("run of a task that fails prints its error and ends with 1", async () => {
    const node = await startFakeNode({ tasks: [failed] });
    const ran = await runInTest(["run", "greeter", "-i", "{}", "--url", node.url]);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("error AGENT_FAILED: no luck\n  next: agentcore trace t2");
  });

  test("run of a task that asks a person prints the question and how to answer", async () => {
    const node = await startFakeNode({ tasks: [asking] });
    const ran = await runInTest(["run", "greeter", "-i", "{}", "--url", node.url]);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("Which Ada?\n  next: agentcore send t3");
  });

  test("watch does not ask what has been answered", async () => {
    const answered = taskLog(
      submitted("greeter"),
      { type: "task.inputRequired", data: { path: "i#1", kind: "input", prompt: [{ text: "Which Ada?" }] } },
      { type: "task.resumed", data: { reason: "input" } },
      { type: "task.completed", data: { output: "Hello" } },
    );
    const node = await startFakeNode({ tasks: [{ ...completed, events: answered }] });
    const ran = await runInTest(["watch", "t1", "--url", node.url]);
    expect(ran).toMatchObject({ code: 0, stdout: "Hello\n" });
    expect(ran.stderr).not.toContain("Which Ada?");
  });

  describe("send to a task that asks", () => {
    const question = { path: "input:input", kind: "input" as const };
    const askingTask = (...answers: ((messageId: string) => Pick<NewTaskEvent, "type" | "data">)[]): FakeTask => ({
      ...asking,
      onMessage: (messageId) => {
        const before: readonly Pick<NewTaskEvent, "type" | "data">[] = asking.events;
        return taskLog(...before, ...answers.map((answer) => answer(messageId))).slice(before.length);
      },
    });

    test("waits until the answer is taken", async () => {
      const task = askingTask((messageId) => ({
        type: "step.completed",
        data: { ...question, result: { messageId, value: "the first" } },
      }));
      const node = await startFakeNode({ tasks: [task] });
      const words = ["send", "t3", "the first", "--url", node.url];
      expect(await runInTest(words)).toEqual({ code: 0, stdout: "sent to t3, accepted\n", stderr: "" });
      expect(JSON.parse((await runInTest([...words, "-o", "json"])).stdout)).toMatchObject({ accepted: true });
    });

    test("tells why the answer was refused and ends with 1", async () => {
      const task = askingTask(
        // Somebody else's answer, refused meanwhile, says nothing about this one.
        () => ({
          type: "task.inputRequired",
          data: { ...question, prompt: [{ text: "Which Ada?\n(nonsense)" }], refusedMessageId: "other" },
        }),
        (refusedMessageId) => ({
          type: "task.inputRequired",
          data: {
            ...question,
            prompt: [{ text: "Which Ada?\n(expected one of first, second)" }, { data: { adas: 2 } }],
            refusedMessageId,
          },
        }),
      );
      const node = await startFakeNode({ tasks: [task] });
      expect(await runInTest(["send", "t3", "the last", "--url", node.url])).toEqual({
        code: 1,
        stdout: "",
        stderr: `error INVALID_ARGUMENT: task t3 refused the answer and asks again:
  Which Ada?
  (expected one of first, second)
  next: agentcore send t3 with an answer that fits
`,
      });
    });
  });

  test("run --detach prints the id and nothing else", async () => {
    const node = await startFakeNode({ tasks });
    expect(await runInTest(["run", "greeter", "-d", "-i", "{}", "--url", node.url])).toEqual({
      code: 0,
      stdout: "t1\n",
      stderr: "",
    });
  });

  test("get tasks filters by states and prints json that reads back", async () => {
    const node = await startFakeNode({ tasks });
    const ran = await runInTest(["get", "tasks", "--state", "parked,failed", "-o", "json", "--url", node.url]);
    expect((JSON.parse(ran.stdout) as { id: string }[]).map(({ id }) => id)).toEqual(["t4", "t2"]);
  });

  test.each([
    [["get", "agents"], /NAME +STATE +VERSION +LATENCY +SKILLS +DESCRIPTION\ngreeter +\S+ +- +- +greet +Greets people/],
    [["get", "manifests", "greeter", "-o", "yaml"], /kind: Agent/],
    [["get", "models"], /^none/],
    [["describe", "agent", "greeter"], /Name: +greeter[\s\S]*State: +ready[\s\S]*Labels: +team=desk[\s\S]*Manifest:/],
    [["describe", "task", "t4"], /State: +parked[\s\S]*ATTEMPTS_EXHAUSTED: five deaths/],
    [["delete", "agent", "greeter"], /agent\/greeter deleted/],
    [["send", "t1", "thank you"], /^sent to t1\n$/],
    [["cancel", "t3", "--reason", "twice"], /cancel requested for t3/],
    [["retry", "t4"], /t4 goes on/],
    [["watch", "t1"], /Hello Ada/],
    [["logs", "t3"], /task\.inputRequired +Which Ada\?/],
    [["trace", "t1"], /greeter {2}completed {2}3\.0 s {2}task t1/],
    [["doctor"], /node +ok[\s\S]*parked tasks +warn +1/],
  ])("%j", async (words, expected) => {
    const node = await startFakeNode({ tasks });
    const ran = await runInTest([...words, "--url", node.url]);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(expected);
  });

  test("get, describe and delete know tenants", async () => {
    const spec = { weight: 3, limits: { concurrency: 20, backlog: 500 } };
    const manifests = [
      { apiVersion: "agentcore.dev/v1", kind: "Tenant", metadata: { name: "acme", labels: { plan: "gold" } }, spec },
    ];
    const node = await startFakeNode({ manifests });
    const run = async (...words: string[]) => (await runInTest([...words, "--url", node.url])).stdout;
    expect(await run("get", "tenants")).toMatch(/NAME +WEIGHT +CONCURRENCY +BACKLOG\nacme +3 +20 +500/);
    expect(await run("describe", "tenant", "acme")).toMatch(
      /Labels: +plan=gold\nWeight: +3\nConcurrency: +20\nBacklog: +500/,
    );
    expect(await run("delete", "tenant", "acme")).toMatch(/tenant\/acme deleted/);
    expect(node.requests.at(-1)).toMatchObject({ method: "DELETE", path: "/api/v1/manifests/Tenant/acme" });
    const none = await runInTest(["describe", "tenant", "globex", "--url", node.url]);
    expect(none).toMatchObject({ code: 1, stdout: "" });
    expect(none.stderr).toMatch(/there is no manifest of a tenant named globex\n {2}next: .*defaults/);
  });

  test("logs -o json prints an event a line, after the number asked for", async () => {
    const node = await startFakeNode({ tasks });
    const ran = await runInTest(["logs", "t1", "--after", "2", "-o", "json", "-f", "--url", node.url]);
    const seqs = ran.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { seq: number }).seq);
    expect(seqs).toEqual([3, 4]);
  });

  test.each([
    [["watch", "nope"], "TASK_NOT_FOUND"],
    [["retry", "t1"], "TASK_NOT_RETRIABLE"],
    [["get", "agents", "nobody"], "NOT_FOUND"],
    [["describe", "agent", "nobody"], "AGENT_NOT_FOUND"],
  ])("%j fails with its code and a next step", async (words, code) => {
    const node = await startFakeNode({ tasks });
    const ran = await runInTest([...words, "--url", node.url]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(new RegExp(`^error ${code}: .*\n  next: `));
  });

  test("the key comes from the environment or the option", async () => {
    const node = await startFakeNode({ apiKey: "secret" });
    const words = ["get", "agents", "--url", node.url];
    expect((await runInTest(words)).stderr).toContain("UNAUTHENTICATED");
    expect((await runInTest(words, { environment: { AGENTCORE_API_KEY: "secret" } })).code).toBe(0);
    expect((await runInTest([...words, "--api-key", "secret"])).code).toBe(0);
  });

  test("apply and diff send manifests with absolute code paths", async () => {
    const node = await startFakeNode();
    const cwd = await mkdtemp(join(tmpdir(), "agentcore-apply-"));
    await writeFile(
      join(cwd, "greeter.agent.yaml"),
      "kind: Agent\nmetadata: { name: greeter }\nspec: { code: { path: ./g.ts, export: g } }\n",
    );
    const applied = await runInTest(["apply", "-f", "greeter.agent.yaml", "--url", node.url], { cwd });
    expect(applied.stdout).toMatch(/Agent +greeter +created/);
    expect(node.requests[0]?.body).toMatchObject([{ spec: { code: { path: join(cwd, "g.ts") } } }]);
    expect((await runInTest(["diff", ".", "--url", node.url], { cwd })).code).toBe(0);
    expect(node.requests[1]?.query).toContain("dryRun=true");
    await rm(cwd, { recursive: true });
  });
});
