/** What stands on the other side of `wss://` is looked at as over https. */
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createGuardedWebSocket, type Lookup } from "@agentcore/outbound";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { createAuthority } from "../../test/certificates.ts";

const lookup: Lookup = (_host, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]);

test("a certificate counts for its name, and by an authority that is known", async () => {
  const authority = createAuthority("feeds");
  const server = createServer(authority.issue({ name: "shop", altNames: ["shop.example"] }));
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket, { headers }) => socket.send(String(headers.host)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  const known = getCACertificates();
  onTestFinished(() => setDefaultCACertificates(known));
  const { port } = server.address() as AddressInfo;
  const open = createGuardedWebSocket({
    ...{ allowLoopback: true, allowPrivate: false, sendsSecret: true, option: "--allow", lookup },
  });
  await expect(open(`wss://shop.example:${port}`)).rejects.toMatchObject({
    ...{ code: "UPSTREAM_FAILED", message: expect.stringMatching(/certificate/) },
  });
  setDefaultCACertificates([...known, authority.cert]);
  const socket = await open(`wss://shop.example:${port}`);
  expect(await socket.next()).toMatchObject({ text: `shop.example:${port}` });
  await socket.close();
  await expect(open(`wss://other.example:${port}`)).rejects.toMatchObject({
    ...{ code: "UPSTREAM_FAILED", message: expect.stringMatching(/does not match/) },
  });
});
