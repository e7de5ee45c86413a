/** What A2A clients have when the node they talk to is killed and started again: no event is missing, none comes twice, no message is lost. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Json } from "../../packages/server/test/gateway/legacy-shapes.ts";
import { createWires, type Wire } from "../../packages/server/test/gateway/wire.ts";
import { type RunningProgram, startAgentcore } from "./programs.ts";

const RESUMABLE_STREAMS = "https://agentcore.dev/a2a/extensions/resumable-streams/v1";

/** Goes past a third of its way only when the file is there. */
const CODE = `import { existsSync, writeFileSync } from "node:fs";
const { FOLDER: folder } = process.env;
const until = async (file) => {
  while (!existsSync(folder + "/" + file)) await new Promise((resolve) => setTimeout(resolve, 10));
};
export const counter = {
  name: "counter", description: "Counts", version: "1", skills: [], labels: {}, tools: [], idempotent: true, subscribes: [],
  run: async (task, ctx) => {
    if (task.input === "listen") {
      await ctx.step("listen", async () => { writeFileSync(folder + "/listening", ""); await until("heard"); });
      return ctx.messages.map(({ parts }) => parts[0].text);
    }
    if (task.input === "ask") return [await ctx.waitForInput("Which one?")];
    for (let number = 1; number <= 60; number++) {
      await ctx.progress("number " + number);
      await ctx.artifact({ name: "numbers", text: number + " ", append: number > 1, lastChunk: number === 60 });
      if (number % 20 === 0 && number < 60) await ctx.step("gate", () => until("gate-" + number));
    }
    return "done";
  } };`;

let folder: string;
let node: RunningProgram;
let addresses: { readonly http: string; readonly grpc: string };
const ends: (() => unknown)[] = [];

const start = async (): Promise<void> => {
  const ports = ["--port", "0", "--grpc-port", "0"];
  node = startAgentcore(["up", ...ports, "--data", join(folder, "data"), "--apply", folder], {
    cwd: folder,
    env: { FOLDER: folder },
  });
  const [, url = "", port = ""] = await node.says(/ready at (http:\S+) and, over gRPC, 127\.0\.0\.1:(\d+)/);
  addresses = { http: `${url}/a2a/counter`, grpc: `127.0.0.1:${port}` };
};

const restart = async (): Promise<void> => {
  await node.kill("SIGKILL");
  await start();
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-streams-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "counter.mjs"), CODE);
  await writeFile(
    join(folder, "counter.agent.yaml"),
    "apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: counter }\nspec: { code: { path: ./counter.mjs, export: counter } }\n",
  );
  await start();
});

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await node.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const said = (messageId: string, text: string, more: Json = {}) => ({
  message: { messageId, role: "ROLE_USER", parts: [{ text }], ...more },
});

const NUMBERED = { "a2a-extensions": RESUMABLE_STREAMS, "x-a2a-extensions": RESUMABLE_STREAMS };

type Told = readonly [number | undefined, string];

/** An event as its number, where it is complete, and a few words. */
const told = ({ task, artifactUpdate, statusUpdate }: Json): Told => {
  const { metadata, artifact, status } = task ?? artifactUpdate ?? statusUpdate;
  const [part] = (artifact ?? status.message)?.parts ?? [];
  return [metadata?.[RESUMABLE_STREAMS]?.seq, `${status?.state ?? "artifact"} ${part?.text ?? ""}`.trim()];
};

/** Knows what it has by the extension alone, so on every binding alike. */
class Follower {
  readonly index: number;
  taskId = "";
  lastSeq = 0;
  /** Of complete events, in a few words each. */
  readonly seen: Told[] = [];

  constructor(index: number) {
    this.index = index;
  }

  /** Ends when the stream does, or breaks. */
  async follow(): Promise<void> {
    const resume = this.lastSeq === 0 ? {} : { "last-event-id": String(this.lastSeq) };
    const wires = await createWires({ ...addresses, headers: { ...NUMBERED, ...resume } }, ends);
    const wire = wires[this.index] as Wire;
    let pending: Told[] = [];
    const events =
      this.lastSeq === 0
        ? await wire.open("SendStreamingMessage", said(`count-${this.index}`, "count"))
        : await wire.open("SubscribeToTask", { id: this.taskId });
    try {
      for await (const event of events) {
        const [seq, words] = told(event);
        if (event.task !== undefined) this.taskId = event.task.id;
        // Where nothing has come yet since, a stream begins with the task as of the number that the client has.
        if (event.task !== undefined && seq !== undefined && seq === this.lastSeq) continue;
        pending.push([seq, words]);
        // The rest of an event whose end did not come comes again, all of it.
        if (seq === undefined) continue;
        this.lastSeq = seq;
        this.seen.push(...pending);
        pending = [];
      }
    } catch {
      // The node is gone.
    }
  }
}

test("streams of a node that is killed twice go on over every binding and version, each event once", async () => {
  const followers = Array.from({ length: 6 }, (_, index) => new Follower(index));
  const least = () => Math.min(...followers.map(({ seen }) => seen.length));
  const follow = () => Promise.all(followers.map((follower) => follower.follow()));
  const cut = async (atLeast: number, gate: string, following: Promise<unknown>): Promise<void> => {
    await expect.poll(least, { timeout: 30_000, interval: 2 }).toBeGreaterThan(atLeast);
    await restart();
    await following;
    expect(followers.every(({ seen }) => seen.at(-1)?.[1] !== "TASK_STATE_COMPLETED")).toBe(true);
    await writeFile(join(folder, gate), "");
  };
  await cut(5, "gate-20", follow());
  await cut(45, "gate-40", follow());
  await follow();

  const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
  const counted = numbers.flatMap((number) => [`TASK_STATE_WORKING number ${number}`, `artifact ${number}`]);
  const [reader] = await createWires({ ...addresses, headers: { ...NUMBERED, "last-event-id": "1" } }, ends);
  for (const { seen, taskId, index } of followers) {
    const words = ["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING", ...counted, "artifact done", "TASK_STATE_COMPLETED"];
    expect(
      seen.map(([, each]) => each),
      `wire ${index}`,
    ).toEqual(words);
    // What somebody hears who was never cut off.
    const whole: Told[] = [];
    for await (const event of (await reader?.open("SubscribeToTask", { id: taskId })) ?? []) whole.push(told(event));
    expect(seen.slice(1), `wire ${index}`).toEqual(whole);
  }
});

test.each([
  ["a task that works", "listen", { returnImmediately: true }],
  ["a task that asked", "ask", {}],
])("a message to %s, acknowledged by a node that is killed then, is heard once", async (_, input, configuration) => {
  const connect = async () => (await createWires(addresses, ends))[0] as Wire;
  let client = await connect();
  const { task } = await client.call("SendMessage", { ...said("begin", input), configuration });
  if (input === "listen") await expect.poll(() => existsSync(join(folder, "listening")), { interval: 2 }).toBe(true);
  const followUp = {
    ...said("follow-up", "the second", { taskId: task.id }),
    configuration: { returnImmediately: true },
  };
  await client.call("SendMessage", followUp);
  await restart();
  client = await connect();
  // As a client does that did not hear of the acknowledgement. The task may have ended meanwhile.
  const repeated = await client.call("SendMessage", followUp);
  expect(repeated.task.id).toBe(task.id);
  await writeFile(join(folder, "heard"), "");
  const state = async () => (await client.call("GetTask", { id: task.id })).status.state;
  await expect.poll(state, { timeout: 30_000 }).toBe("TASK_STATE_COMPLETED");
  const { artifacts, history } = await client.call("GetTask", { id: task.id });
  expect(artifacts[0].parts).toEqual([{ data: ["the second"] }]);
  expect(history.filter(({ messageId }: Json) => messageId === "follow-up")).toHaveLength(1);
});
