import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createCardSigner } from "@agentcore/a2a/cards";
import { API_VERSION, PlatformError } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { createRecordingLogger, ManualClock } from "@agentcore/core/testing";
import { expect, it, onTestFinished } from "vitest";
import { EngineWorld, outputOf } from "../../../core/test/engine-world.ts";
import { gate } from "../../test/remote/agent-to-call.ts";
import { openRemotes } from "../../test/remote/open-remotes.ts";

/** An agent with a signed card whose keys, tokens and answers come from one server; the first call to it is refused. */
const openSignedAgent = async () => {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
  const signer = await createCardSigner([key.toString()]);
  const seen = { keys: 0, tokens: 0, calls: 0 };
  const state = { description: "First", keys: async (): Promise<object> => signer.jwks, refusal: async () => {} };
  const answerTo = async (url: string, body: { readonly id?: unknown; readonly method?: string }) => {
    switch (url) {
      case "/keys":
        seen.keys += 1;
        return { status: 200, json: await state.keys() };
      case "/token":
        seen.tokens += 1;
        return { status: 200, json: { access_token: `t${seen.tokens}` } };
      case "/rpc": {
        seen.calls += 1;
        if (seen.calls === 1) {
          await state.refusal();
          return { status: 401, json: {} };
        }
        const status = { state: "TASK_STATE_COMPLETED" };
        const task = {
          id: "far-1",
          contextId: "c",
          status,
          artifacts: [{ artifactId: "a", parts: [{ text: "done" }] }],
        };
        return {
          status: 200,
          json: { jsonrpc: "2.0", id: body.id, result: body.method === "GetTask" ? task : { task } },
        };
      }
      default: {
        const card = cardOf(state.description);
        return { status: 200, json: { ...card, signatures: await signer.sign(card, `${address}/keys`) } };
      }
    }
  };
  const server = createServer((request, response) => {
    void (async () => {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      const { url = "" } = request;
      const { status, json } = await answerTo(url, url === "/rpc" ? JSON.parse(text) : {});
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
    })().catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const flows = { clientCredentials: { tokenUrl: `${address}/token`, scopes: {} } };
  const cardOf = (description: string) => ({
    ...{ name: "Far", description, version: "1", capabilities: {} },
    ...{ defaultInputModes: ["text/plain"], defaultOutputModes: ["text/plain"] },
    skills: [{ id: "echo", name: "Echo", description: "Says it again", tags: [] }],
    securitySchemes: { oauth: { oauth2SecurityScheme: { flows } } },
    supportedInterfaces: [{ url: `${address}/rpc`, protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
  });
  const remote = {
    ...{ card: address, signature: { jwksUrl: `${address}/keys` } },
    auth: { oauth2: { clientId: "near", clientSecretEnv: "FAR_SECRET" } },
  };
  return { seen, state, remote, jwks: signer.jwks };
};

/** Watched on the clock of a world in which it is the agent `far`. */
const open = async () => {
  const far = await openSignedAgent();
  const { remote } = far;
  const world = new EngineWorld([]);
  const { clock } = world;
  const remotes = openRemotes(createMemoryKeyValue({ clock }), { clock, env: { FAR_SECRET: "hush" } });
  const manifest = { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "far" }, spec: { remote } } as const;
  const define = (ask: boolean) => remotes.define("t", manifest, { ask });
  world.change(await define(true));
  remotes.watch("t", "far", remote, () => {});
  /** Until the keys of a changed card were asked for. */
  const changeCard = async (): Promise<void> => {
    const { keys } = far.seen;
    far.state.description = "Second";
    await clock.advance(35_000);
    await expect.poll(() => far.seen.keys).toBe(keys + 1);
  };
  return { ...far, world, clock, define, changeCard, status: () => remotes.status("t", remote) };
};

it("while a changed card is checked the last one is what there is", async () => {
  const { jwks, state, status, define, changeCard } = await open();
  const known = gate();
  state.keys = () => known.opened.then(() => jwks);
  await changeCard();
  expect(status()).toMatchObject({ state: "ready", card: { description: "First" } });
  expect((await define(false)).skills).toMatchObject([{ id: "echo" }]);
  known.release();
  await expect.poll(() => status()).toMatchObject({ state: "ready", card: { description: "Second" } });
});

it.each([
  ["are on their way", true],
  ["cannot be had for now", false],
])("a call whose token is refused gets another one while the keys of a changed card %s", async (_when, isThere) => {
  const { jwks, state, seen, status, world, changeCard } = await open();
  const [known, refused] = [gate(), gate()];
  state.refusal = () => refused.opened;
  const taskId = await world.submit("far", "Ann");
  await expect.poll(() => seen.calls).toBe(1);
  state.keys = () => (isThere ? known.opened.then(() => jwks) : Promise.resolve({ nothing: "yet" }));
  await changeCard();
  if (!isThere) await expect.poll(() => status().state).toBe("unreachable");
  refused.release();
  await expect.poll(() => seen.tokens).toBe(2);
  known.release();
  state.keys = async () => jwks;
  await expect
    .poll(async () => {
      await world.advance(1_000);
      return outputOf(await world.last(taskId));
    })
    .toBe("done");
});

it("a check that fails at this node is told once, and again after one that did not", async () => {
  const clock = new ManualClock({ macrotask: () => new Promise(setImmediate) });
  const logger = createRecordingLogger();
  const keyValue = createMemoryKeyValue({ clock });
  const get = keyValue.get.bind(keyValue);
  let isAway = true;
  keyValue.get = (...given) =>
    isAway ? Promise.reject(new PlatformError("STORE_UNAVAILABLE", "no database")) : get(...given);
  const remotes = openRemotes(keyValue, { clock, logger });
  remotes.watch("acme", "far", { card: "http://127.0.0.1:1/" }, () => {});
  const told = () => logger.records.filter(({ message }) => message.includes("could not be checked"));
  await clock.advance(30_000);
  expect(told()).toMatchObject([
    { level: "warn", message: expect.stringContaining("no database"), fields: { tenantId: "acme", agent: "far" } },
  ]);
  isAway = false;
  await clock.advance(10_000);
  await expect.poll(() => remotes.status("acme", { card: "http://127.0.0.1:1/" }).state).toBe("unreachable");
  isAway = true;
  await clock.advance(30_000);
  expect(told()).toHaveLength(2);
});
