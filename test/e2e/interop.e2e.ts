/** Clients that others have written, each against a node in a process of its own. Those in test/interop run in processes of their own too. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Role, TaskState } from "@a2a-js/sdk";
import {
  ClientFactory,
  ClientFactoryOptions,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from "@a2a-js/sdk/client";
import { GrpcTransportFactory } from "@a2a-js/sdk/client/grpc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningProgram, root, runProgram, startAgentcore } from "./programs.ts";

const KEY = "a-key-of-more-than-sixteen";

const CODE = `export const guide = {
  name: "guide", description: "Shows the way", version: "1", skills: [], labels: {}, tools: [], idempotent: false, subscribes: [],
  run: async (task, ctx) => {
    if (task.input === "hold") return ctx.sleep(3_600_000);
    if (task.input === "ask") return "It is " + await ctx.waitForInput("Which colour?");
    if (task.input === "stream")
      for (const [index, text] of ["one ", "two ", "three"].entries())
        await ctx.artifact({ name: "count", text, append: index > 0, lastChunk: index === 2 });
    return task.input === "stream" ? { counted: 3 } : "Hello!";
  } };`;

interface Node {
  readonly program: RunningProgram;
  readonly agent: string;
  readonly card: string;
}

let folder: string;
let open: Node;
let closed: Node;

const start = async (name: string, ...words: readonly string[]): Promise<Node> => {
  const ports = ["--port", "0", "--grpc-port", "0"];
  const program = startAgentcore(["up", ...ports, "--data", join(folder, name), "--apply", folder, ...words], {
    cwd: folder,
  });
  const [, url = ""] = await program.says(/ready at (http:\/\/127\.0\.0\.1:\d+)/);
  const agent = `${url}/a2a/guide`;
  return { program, agent, card: `${agent}/.well-known/agent-card.json` };
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-interop-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "guide.mjs"), CODE);
  await writeFile(
    join(folder, "guide.agent.yaml"),
    "apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: guide }\nspec: { code: { path: ./guide.mjs, export: guide } }\n",
  );
  await writeFile(join(folder, "keys.txt"), `${KEY} role=caller caller=ann\n`);
  [open, closed] = await Promise.all([start("open"), start("closed", "--api-key-file", "keys.txt")]);
});

afterAll(async () => {
  await Promise.all([open, closed].map((node) => node?.program.kill("SIGKILL")));
  await rm(folder, { recursive: true, force: true });
});

/** What the client's last line says. `npm run test:e2e` and `npm test` install it; without, this fails. */
const runClient = async (name: string, ...words: readonly string[]) => {
  const program = join(root, "test/interop/clients", `${name}.mjs`);
  const { code, stdout, stderr } = await runProgram(process.execPath, [program, ...words], { cwd: folder });
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr}\n${stdout}`);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
};

describe("the JavaScript SDK of A2A 1.0, which has nothing but the card's address", () => {
  const connect = async (binding: string, node: Node, headers: Readonly<Record<string, string>> = {}) => {
    const fetchImpl: typeof fetch = (input, init) => {
      const sent = new Headers(init?.headers);
      for (const [name, value] of Object.entries(headers)) sent.set(name, value);
      return fetch(input, { ...init, headers: sent });
    };
    const factory = new ClientFactory({
      ...ClientFactoryOptions.default,
      transports: [
        new JsonRpcTransportFactory({ fetchImpl }),
        new RestTransportFactory({ fetchImpl }),
        new GrpcTransportFactory(),
      ],
      preferredTransports: [binding],
      cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
    });
    return factory.createFromUrl(node.card, "");
  };

  let count = 0;
  const say = (text: string, more: object = {}, configuration?: object) => {
    const part = { content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "" };
    const ids = { messageId: `interop-${process.pid}-${++count}`, contextId: "", taskId: "" };
    const message = { ...ids, role: Role.ROLE_USER, parts: [part], metadata: undefined, extensions: [] };
    return {
      ...{ tenant: "", metadata: undefined, message: { ...message, referenceTaskIds: [], ...more } },
      configuration: configuration && { acceptedOutputModes: [], ...configuration },
    } as never;
  };
  // oxlint-disable-next-line typescript/no-explicit-any
  const textOf = (artifacts: readonly any[]): string =>
    artifacts.flatMap(({ parts }) => parts.map(({ content }: never) => (content as { value: unknown }).value)).join("");

  test.each(["JSONRPC", "HTTP+JSON", "GRPC"])("sends, streams, answers, cancels and reads over %s", async (binding) => {
    const client = await connect(binding, open);
    expect((await client.getAgentCard()).name).toBe("guide");
    // oxlint-disable-next-line typescript/no-explicit-any
    const sent = (await client.sendMessage(say("greet"))) as any;
    expect([sent.status.state, textOf(sent.artifacts)]).toEqual([TaskState.TASK_STATE_COMPLETED, "Hello!"]);

    // oxlint-disable-next-line typescript/no-explicit-any
    const events: any[] = [];
    for await (const event of client.sendMessageStream(say("stream"))) events.push(event.payload);
    expect(events.map(({ $case }) => $case)).toEqual([
      ...["task", "statusUpdate", "artifactUpdate", "artifactUpdate", "artifactUpdate", "artifactUpdate"],
      "statusUpdate",
    ]);
    expect(textOf(events.slice(2, 5).map(({ value }) => value.artifact))).toBe("one two three");

    // oxlint-disable-next-line typescript/no-explicit-any
    const asked = (await client.sendMessage(say("ask"))) as any;
    expect(asked.status).toMatchObject({
      state: TaskState.TASK_STATE_INPUT_REQUIRED,
      message: { parts: [{ content: { value: "Which colour?" } }] },
    });
    // oxlint-disable-next-line typescript/no-explicit-any
    const answered = (await client.sendMessage(say("blue", { taskId: asked.id }))) as any;
    expect([answered.id, textOf(answered.artifacts)]).toEqual([asked.id, "It is blue"]);

    // oxlint-disable-next-line typescript/no-explicit-any
    const held = (await client.sendMessage(say("hold", {}, { returnImmediately: true }))) as any;
    expect(await client.cancelTask({ id: held.id } as never)).toMatchObject({
      status: { state: TaskState.TASK_STATE_CANCELED },
    });
    expect(await client.getTask({ id: asked.id } as never)).toMatchObject({
      status: { state: TaskState.TASK_STATE_COMPLETED },
    });
    await expect(client.getTask({ id: "nobody" } as never)).rejects.toMatchObject({ name: "TaskNotFoundError" });
  });

  test.each(["JSONRPC", "HTTP+JSON"])("is let in by its key over %s", async (binding) => {
    const stranger = await connect(binding, closed);
    await expect(stranger.sendMessage(say("greet"))).rejects.toThrow();
    const client = await connect(binding, closed, { authorization: `Bearer ${KEY}` });
    expect(await client.sendMessage(say("greet"))).toMatchObject({ status: { state: TaskState.TASK_STATE_COMPLETED } });
  });
});

describe("the JavaScript SDK of A2A 0.3", () => {
  const seen = {
    ...{ name: "guide", sent: "Hello!", text: "one two threedata", asked: "input-required", question: "Which colour?" },
    ...{
      answered: "It is blue",
      canceled: "canceled",
      got: "completed",
      missing: expect.stringMatching(/^TaskNotFound/),
    },
    streamed: ["task", "working", ...Array<string>(4).fill("artifact-update"), "completed"],
  };

  test.each(["JSONRPC", "HTTP+JSON"])("sends, streams, answers, cancels and reads over %s", async (binding) => {
    expect(await runClient("legacy-sdk", open.card, binding)).toEqual(seen);
  });

  test.each(["JSONRPC", "HTTP+JSON"])("is let in by its key over %s", async (binding) => {
    expect(await runClient("legacy-sdk", closed.card, binding, KEY)).toEqual(seen);
    await expect(runClient("legacy-sdk", closed.card, binding)).rejects.toThrow("send an API key");
  });
});

test("the AI SDK's provider generates, streams and sees a question", async () => {
  expect(await runClient("ai-sdk", open.card)).toEqual({
    ...{ sent: "Hello!", deltas: ["one ", "two ", "three"], finishReason: "stop" },
    ...{ asked: "input-required", question: "Which colour?", contextId: "a-conversation" },
  });
});

test("the A2A agent of Strands invokes, streams and sees a question", async () => {
  expect(await runClient("strands", open.card)).toEqual({
    ...{ name: "guide", sent: "Hello!", text: "one two three\n", question: ["input-required", "Which colour?"] },
    streamed: ["task", "status-update", ...Array<string>(4).fill("artifact-update"), "status-update", "a2aResultEvent"],
  });
});

describe("curl", () => {
  const curl = async (node: Node, ...words: readonly string[]) => {
    const options = ["--silent", "--show-error", "--max-time", "30", "-H", "content-type: application/json"];
    const { stdout, stderr } = await runProgram("curl", [...options, ...words], { cwd: folder });
    expect(stderr).toBe("");
    return stdout;
  };
  const V1 = ["-H", "A2A-Version: 1.0"];
  const said = (messageId: string, text: string, more: object = {}) =>
    JSON.stringify({ message: { messageId, role: "ROLE_USER", parts: [{ text }], ...more } });
  const post = async (node: Node, path: string, body: string, ...words: readonly string[]) =>
    JSON.parse(await curl(node, ...V1, ...words, `${node.agent}${path}`, "-d", body));

  test("finds the card, sends, streams, answers, cancels and reads over HTTP+JSON", async () => {
    expect(JSON.parse(await curl(open, open.card)).name).toBe("guide");
    const { task } = await post(open, "/message:send", said("curl-1", "greet"));
    expect(task.artifacts[0].parts).toEqual([{ text: "Hello!" }]);
    const stream = await curl(
      open,
      ...V1,
      "--no-buffer",
      `${open.agent}/message:stream`,
      "-d",
      said("curl-2", "stream"),
    );
    const events = [...stream.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => Object.keys(JSON.parse(data))[0]);
    expect(events).toEqual(["task", "statusUpdate", ...Array<string>(4).fill("artifactUpdate"), "statusUpdate"]);
    const asked = (await post(open, "/message:send", said("curl-3", "ask"))).task;
    expect(asked.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
    const answered = (await post(open, "/message:send", said("curl-4", "blue", { taskId: asked.id }))).task;
    expect(answered.artifacts[0].parts).toEqual([{ text: "It is blue" }]);
    const hold = JSON.stringify({ ...JSON.parse(said("curl-5", "hold")), configuration: { returnImmediately: true } });
    const held = (await post(open, "/message:send", hold)).task;
    expect((await post(open, `/tasks/${held.id}:cancel`, "")).status.state).toBe("TASK_STATE_CANCELED");
    expect(JSON.parse(await curl(open, ...V1, `${open.agent}/tasks/${held.id}`)).status.state).toBe(
      "TASK_STATE_CANCELED",
    );
  });

  test("speaks JSON-RPC of 0.3 without stating a version", async () => {
    const message = { kind: "message", messageId: "curl-6", role: "user", parts: [{ kind: "text", text: "greet" }] };
    const call = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "message/send", params: { message } });
    const { result } = JSON.parse(await curl(open, open.agent, "-d", call));
    expect(result).toMatchObject({ kind: "task", status: { state: "completed" } });
  });

  test("is let in by its key, and by nothing else", async () => {
    const refused = await curl(
      closed,
      ...V1,
      "-o",
      "-",
      "-w",
      "%{http_code}",
      `${closed.agent}/message:send`,
      "-d",
      said("curl-7", "greet"),
    );
    expect(refused).toMatch(/401$/);
    const { task } = await post(closed, "/message:send", said("curl-7", "greet"), "-H", `X-API-Key: ${KEY}`);
    expect(task.status.state).toBe("TASK_STATE_COMPLETED");
  });
});
