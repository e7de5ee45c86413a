import { once } from "node:events";
import { Socket } from "node:net";
import { expect, test, vi } from "vitest";
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

test.each(["127.0.0.1", "::1", "::1%x.npmjs.org"])(
  "%s is an address, which no policy would see: it is not connected to",
  async (host) => {
    const { begun, openConnection } = open();
    await expect(openConnection(host, 443, new Socket())).rejects.toMatchObject({ code: "EINVAL" });
    expect(begun).toEqual([]);
  },
);
