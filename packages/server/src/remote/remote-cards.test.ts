import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createCardSigner } from "@agentcore/a2a/cards";
import { API_VERSION } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { ManualClock } from "@agentcore/core/testing";
import { expect, it, onTestFinished } from "vitest";
import { serve } from "../../test/remote/agent-to-call.ts";
import { openRemotes } from "../../test/remote/open-remotes.ts";
import type { RemoteStatus } from "./remote-agents.ts";

/** Remote agents on a clock that is moved by hand, and what they tell of the one that is watched. */
const watch = async (remote: { readonly card: string; readonly signature?: object }) => {
  const clock = new ManualClock({ macrotask: () => new Promise(setImmediate) });
  const remotes = openRemotes(createMemoryKeyValue({ clock }), { clock });
  const told: RemoteStatus[] = [];
  const spec = { remote };
  await remotes.define("t", { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "far" }, spec }, { ask: true });
  remotes.watch("t", "far", remote, (status) => told.push(status));
  return { clock, status: () => remotes.status("t", remote), told };
};

it("keys that cannot be had now are asked for again soon, then less and less often", async () => {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
  const signer = await createCardSigner([key.toString()]);
  let asked = 0;
  let isThere = false;
  const keys = createServer((_request, response) => {
    asked += 1;
    response.writeHead(isThere ? 200 : 503, { "content-type": "application/json" });
    response.end(isThere ? JSON.stringify(signer.jwks) : "{}");
  });
  keys.listen(0, "127.0.0.1");
  await once(keys, "listening");
  onTestFinished(() => {
    keys.close();
    keys.closeAllConnections();
  });
  const server = await serve((play) => play.end("COMPLETED"));
  const plain = (await (await fetch(server.cardUrl)).json()) as Record<string, unknown>;
  const signatures = await signer.sign(plain, "https://x.test/");
  server.card = () => ({ ...plain, signatures });
  const jwksUrl = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/jwks.json`;
  const { clock, status, told } = await watch({ card: server.url, signature: { jwksUrl } });
  expect(status()).toMatchObject({ state: "unreachable", reason: expect.stringContaining("gives no keys") });
  const cards = server.cardRequests.length;
  for (const [waitMs, count] of [
    [6_000, 2],
    [4_000, 2],
    [6_000, 3],
  ] as const) {
    await clock.advance(waitMs);
    await expect.poll(() => asked).toBe(count);
  }
  expect(server.cardRequests).toHaveLength(cards);
  isThere = true;
  await clock.advance(21_000);
  await expect.poll(() => told.map(({ state }) => state)).toEqual(["ready"]);
});
