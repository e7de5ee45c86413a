/** Push notifications of a node that is killed, as an operator starts it: by the command, with a folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { root } from "./programs.ts";

/** Resolves with its address when it takes work. */
const up = async (folder: string): Promise<{ readonly child: ChildProcess; readonly url: string }> => {
  const words = ["up", "--port", "0", "--data", join(folder, "data"), "--apply", folder];
  const child = spawn(process.execPath, ["-C", "agentcore-source", "packages/cli/bin/agentcore.mjs", ...words], {
    cwd: root,
    env: { ...process.env, AGENTCORE_ALLOW_PRIVATE_WEBHOOKS: "true" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        const url = /is ready at (\S+)/.exec(text)?.[1];
        if (url !== undefined) resolve({ child, url });
      });
    child.once("close", () => reject(new Error(`it ended: ${text}`)));
  });
};

test("a node killed while a notification is under way sends that one again, and every other once", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-push-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(folder, "counter.mjs"),
    `export const agent = { name: "counter", description: "Counts", version: "1", skills: [], labels: {}, tools: [],
      idempotent: false, subscribes: [], run: async (task, ctx) => {
        for (let number = 1; number <= 10; number++) { await ctx.progress("number " + number); await ctx.sleep(20); }
        return "done";
      } };`,
  );
  await writeFile(
    join(folder, "counter.agent.yaml"),
    "apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: counter }\nspec: { code: { path: ./counter.mjs, export: agent } }\n",
  );

  const received: { readonly id: string; readonly body: Record<string, never> }[] = [];
  let answer = (response: ServerResponse): unknown => response.end();
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      received.push({ id: String(request.headers["x-a2a-event-id"]), body: JSON.parse(text) });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  const first = await up(folder);
  const gone = once(first.child, "exit");
  answer = (response) => (received.length === 5 ? first.child.kill("SIGKILL") : response.end());
  const sent = await fetch(`${first.url}/a2a/counter/message:send`, {
    method: "POST",
    headers: { "content-type": "application/json", "a2a-version": "1.0" },
    body: JSON.stringify({
      message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "go" }] },
      configuration: { returnImmediately: true, taskPushNotificationConfig: { url: hook } },
    }),
  });
  expect(sent.status).toBe(200);
  expect(await gone).toEqual([null, "SIGKILL"]);
  expect(received).toHaveLength(5);

  answer = (response) => response.end();
  await up(folder);
  await expect
    .poll(() => JSON.stringify(received.at(-1)?.body), { timeout: 30_000 })
    .toContain('"state":"TASK_STATE_COMPLETED"');
  const ids = received.map(({ id }) => id);
  expect(ids[5]).toBe(ids[4]);
  expect(new Set(ids).size).toBe(ids.length - 1);
  const texts = received.flatMap(({ body }) => /"text":"(number \d+|done)"/.exec(JSON.stringify(body))?.[1] ?? []);
  const numbers = Array.from({ length: 10 }, (_, index) => `number ${index + 1}`);
  expect(texts.filter((text, index) => text !== texts[index - 1])).toEqual([...numbers, "done"]);
});
