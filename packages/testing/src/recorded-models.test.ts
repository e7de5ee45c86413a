import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agent } from "@agentcore/sdk";
import { afterEach, expect, test, vi } from "vitest";
import { testAgent } from "./index.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  for (const close of closers.splice(0)) await close();
});

const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-cassettes-"));
  closers.push(() => rm(folder, { recursive: true }));
  return folder;
};

/** A provider that counts: `429` once, then a number for each question. */
const startProvider = async (): Promise<{ readonly url: string; readonly keys: readonly (string | undefined)[] }> => {
  const keys: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    keys.push(request.headers.authorization);
    request.resume().on("end", () => {
      const isLimited = keys.length === 1;
      response.writeHead(isLimited ? 429 : 200, {
        "content-type": "application/json",
        ...(isLimited ? { "retry-after": "2" } : {}),
      });
      const message = { role: "assistant", content: `answer ${keys.length}` };
      const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
      const choices = [{ index: 0, message, finish_reason: "stop" }];
      response.end(
        JSON.stringify(
          isLimited
            ? { error: { message: "slow down" } }
            : { id: "c", object: "chat.completion", created: 1, model: "small", choices, usage },
        ),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, keys };
};

const asker = (question: string) =>
  agent({
    name: "asker",
    description: "asks twice",
    model: "openai-compatible/small",
    async run(_, ctx) {
      const ask = () => ctx.model({ messages: [{ role: "user", content: question }] });
      return [await ask(), await ask()];
    },
  });

const types = (run: { readonly events: readonly { readonly type: string }[] }) => run.events.map(({ type }) => type);

test("what was recorded with a key is replayed without one, through errors and waits, and nothing leaves the machine", async () => {
  const provider = await startProvider();
  const folder = await newFolder();
  vi.stubEnv("AGENTCORE_MODEL_URL", provider.url);
  vi.stubEnv("AGENTCORE_MODEL_KEY", "sk-very-secret-key");
  const recording = await testAgent(asker("n?"), { record: folder });
  const recorded = await recording.run();
  await recorded.advance(2000);
  await recording.close();
  expect(recorded.output).toMatchObject([{ text: "answer 2" }, { text: "answer 3" }]);
  expect(provider.keys).toEqual(Array.from({ length: 3 }, () => "Bearer sk-very-secret-key"));
  expect(await readdir(folder)).toHaveLength(3);

  vi.stubEnv("AGENTCORE_MODEL_URL", "");
  vi.stubEnv("AGENTCORE_MODEL_KEY", "");
  const connect = vi.spyOn(Socket.prototype, "connect");
  const replaying = await testAgent(asker("n?"), { replay: folder });
  const replayed = await replaying.run();
  expect(types(replayed)).toContain("step.failed");
  await replayed.advance(2000);
  await replaying.close();
  expect(replayed.output).toEqual(recorded.output);
  expect(types(replayed)).toEqual(types(recorded));
  expect(connect).not.toHaveBeenCalled();
});

test("a replay goes on after a crash where it was", async () => {
  const provider = await startProvider();
  const folder = await newFolder();
  vi.stubEnv("AGENTCORE_MODEL_URL", provider.url);
  const recording = await testAgent(asker("n?"), { record: folder });
  const recorded = await recording.run();
  await recorded.advance(2000);
  await recording.close();
  const replaying = await testAgent(asker("n?"), { replay: folder, crashAt: { at: 4, when: "after" } });
  const replayed = await replaying.run();
  await replayed.advance(2000);
  await replaying.close();
  expect(replayed.output).toEqual(recorded.output);
});

test("a question that was not recorded fails at once, and is shown beside the one that was", async () => {
  const provider = await startProvider();
  const folder = await newFolder();
  vi.stubEnv("AGENTCORE_MODEL_URL", provider.url);
  const recording = await testAgent(asker("How many days?"), { record: folder });
  await (await recording.run()).advance(2000);
  await recording.close();
  const replaying = await testAgent(asker("How many nights?"), { replay: folder });
  const run = await replaying.run();
  expect(run.state).toBe("failed");
  expect(run.error).toMatchObject({ code: "RECORDING_MISSING" });
  expect(run.error?.message).toContain("    recorded: How many [days?]\n    asked:    How many [nights?]");
  await replaying.close();
});

test("a folder that is not there, and two kinds of models at once, are refused", async () => {
  const it = await testAgent(asker("n?"), { replay: join(await newFolder(), "missing") });
  await expect(it.run()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  await expect(testAgent(asker("n?"), { model: ["x"], record: "x" })).rejects.toThrow(
    "one of model, record and replay",
  );
});
