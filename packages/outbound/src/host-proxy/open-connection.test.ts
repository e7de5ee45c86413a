import { once } from "node:events";
import { Socket } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Lookup } from "../guarded-lookup.ts";
import { createOpenConnection } from "./open-connection.ts";

const open = (lookup: Lookup = vi.fn()) => {
  const begun: Socket[] = [];
  const policy = { allowLoopback: true, allowPrivate: true, sendsSecret: false, option: "--allow", lookup };
  return { begun, openConnection: createOpenConnection(policy, (socket) => begun.push(socket)) };
};

test("what is under way ends with the client that it is for, whether that closes meanwhile or has before", async () => {
  const { begun, openConnection } = open();
  const [client, gone] = [new Socket(), new Socket().destroy()];
  const opened = [openConnection("api.example", 443, client), openConnection("api.example", 443, gone)];
  const closed = Promise.all(begun.map((socket) => once(socket, "close")));
  client.destroy();
  for (const each of opened) await expect(each).rejects.toMatchObject({ code: "ECONNABORTED" });
  await closed;
  expect(begun.map(({ destroyed }) => destroyed)).toEqual([true, true]);
});

test.each(["127.0.0.1", "::1", "::1%x.example.org"])(
  "%s is an address, which no policy would see: it is not connected to",
  async (host) => {
    const { begun, openConnection } = open();
    await expect(openConnection(host, 443, new Socket())).rejects.toMatchObject({ code: "EINVAL" });
    expect(begun).toEqual([]);
  },
);

test("names are looked up one after the other, some wait for that, and more are refused", async () => {
  const answers: (() => void)[] = [];
  const lookup: Lookup = (_name, _options, callback) => {
    answers.push(() => callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []));
  };
  const { openConnection } = open(lookup);
  const client = new Socket().setMaxListeners(0);
  const opened = [...Array(130)].map(() => openConnection("api.example", 443, client).catch(({ code }) => code));
  expect(await opened[129]).toBe("EAGAIN");
  expect(answers.length).toBe(1);
  answers[0]?.();
  expect(await opened[0]).toBe("ENOTFOUND");
  expect(answers.length).toBe(2);
  client.destroy();
  expect(await opened[128]).toBe("ECONNABORTED");
});

test("a name and its connection have ten seconds together", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { openConnection } = open();
  const opened = openConnection("api.example", 443, new Socket()).catch(({ code }) => code);
  vi.advanceTimersByTime(10_000);
  expect(await opened).toBe("ETIMEDOUT");
});
