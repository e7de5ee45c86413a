import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createCardSigner } from "@agentcore/a2a/cards";
import { API_VERSION } from "@agentcore/contract";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { ManualClock } from "@agentcore/core/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { codeOf, EngineWorld } from "../../../core/test/engine-world.ts";
import { serve } from "../../test/remote/agent-to-call.ts";
import { SCOPE, startNearNode } from "../../test/remote/near-node.ts";
import { openRemotes } from "../../test/remote/open-remotes.ts";
import { systemClock } from "../system-senses.ts";
import type { RemoteStatus } from "./remote-agents.ts";

/** Remote agents on a clock that is moved by hand, and what they tell of the one that is watched. */
const watch = async (
  remote: { readonly card: string; readonly signature?: object },
  clock = new ManualClock({ macrotask: () => new Promise(setImmediate) }),
) => {
  const remotes = openRemotes(createMemoryKeyValue({ clock }), { clock });
  const told: RemoteStatus[] = [];
  const manifest = { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "far" }, spec: { remote } } as const;
  const define = (ask: boolean) => remotes.define("t", manifest, { ask });
  await define(true);
  remotes.watch("t", "far", remote, (status) => told.push(status));
  return { clock, status: () => remotes.status("t", remote), told, define };
};

it("keys that cannot be had now, whatever comes with the error, are asked for again soon, then less and less often", async () => {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
  const signer = await createCardSigner([key.toString()]);
  let asked = 0;
  let isThere = false;
  const keys = createServer((_request, response) => {
    asked += 1;
    response.writeHead(isThere ? 200 : 503, { "content-type": "application/json" });
    response.end(JSON.stringify(signer.jwks));
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
  const reason = expect.stringMatching(/^127\.0\.0\.1:\d+ gives no keys .* HTTP status 503/);
  expect(status()).toMatchObject({ state: "unreachable", reason });
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

describe("declaring a remote agent", () => {
  it("takes skills, description and version from the card, unless the manifest has its own", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    const node = await startNearNode();
    await node.apply(server.url);
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      ...{ state: "ready", description: "Says what it is told", version: "1", inputModes: ["text/plain"] },
      skills: [{ id: "echo" }],
    });
    await node.apply(
      server.url,
      {},
      { description: "Mine", skills: [{ id: "s", name: "S", description: "d", tags: [] }] },
    );
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({ description: "Mine", skills: [{ id: "s" }] });
  });

  it("is not refused because the agent does not answer", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    server.failWith(503);
    const node = await startNearNode();
    await node.apply(server.url);
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "unreachable",
      reason: expect.stringContaining("503"),
      skills: [{ id: "far" }],
    });
  });

  it("makes an agent that is unreachable until it answers, and then has what its card says", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    server.failWith(503);
    const { clock, status, told, define } = await watch({ card: server.url });
    expect(status()).toMatchObject({ state: "unreachable", reason: expect.stringContaining("503") });
    server.failWith(null);
    await clock.advance(10_000);
    await expect.poll(() => told).toMatchObject([{ state: "ready" }]);
    expect((await define(false)).skills).toMatchObject([{ id: "echo" }]);
  });

  it("fails a task with what is wrong now, not with what was when it was first asked", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    server.failWith(401);
    const world = new EngineWorld([]);
    const { status, define } = await watch({ card: server.url }, world.clock);
    expect(status().reason).toContain("401");
    server.failWith(403);
    await world.clock.advance(10_000);
    await expect.poll(() => status().reason).toContain("403");
    world.change(await define(false));
    expect(codeOf(await world.last(await world.submit("far", "Ann")))).toBe("PERMISSION_DENIED");
  });

  it("that is unreachable is passed by when another agent has the skill, and the decision says why", async () => {
    const [away, there] = [await serve((play) => play.end("COMPLETED")), await serve((play) => play.end("COMPLETED"))];
    away.failWith(503);
    const node = await startNearNode();
    const skills = [{ id: "echo", name: "Echo", description: "d", tags: [] }];
    await node.apply(away.url, {}, { skills, quality: 1 });
    const spec = { remote: { card: there.url }, quality: 0.1 };
    const other = { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "near" }, spec };
    await node.parts.manifests.apply("default", [other], { dryRun: false });
    const { taskId } = await node.parts.tasks.submit(SCOPE, { target: { capability: "echo" }, input: "x" });
    const decision = (await node.events(taskId)).find(({ type }) => type === "decision.made");
    expect(decision).toMatchObject({
      data: { choice: "near", reasons: expect.arrayContaining([expect.stringMatching(/far.*healthy/)]) },
    });
  });

  it("refuses a card that offers no version the policy allows", async () => {
    const server = await serve((play) => play.end("COMPLETED"), { version: "0.3" });
    const node = await startNearNode();
    await node.apply(server.url, { versions: ["1.0"] });
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "refused",
      reason: expect.stringContaining("offers JSONRPC 0.3"),
    });
    const last = (await node.events(await node.submit("Ann"))).at(-1);
    expect(last).toMatchObject({ data: { error: { code: "VERSION_NOT_SUPPORTED" } } });
  });

  it("insists on a signature when the manifest does, and takes nothing that it does not cover", async () => {
    const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
    const signer = await createCardSigner([key.toString()]);
    const server = await serve((play) => play.end("COMPLETED"));
    const sign = async (card: Record<string, unknown>) => ({
      ...card,
      signatures: await signer.sign(card, "https://x.test/"),
    });
    const plain = (await (await fetch(server.cardUrl)).json()) as Record<string, unknown>;
    const stateWith = async (signature: object): Promise<unknown> => {
      const node = await startNearNode();
      await node.apply(server.url, { signature });
      const { state, reason } = node.parts.catalogue.get("default", "far") ?? {};
      return [state, reason];
    };
    const trusted = { jwks: signer.jwks };
    expect(await stateWith(trusted)).toEqual(["refused", expect.stringContaining("it is not signed")]);
    expect(await stateWith({ ...trusted, required: false })).toEqual(["ready", undefined]);
    const signed = await sign(plain);
    server.card = () => signed;
    expect(await stateWith(trusted)).toEqual(["ready", undefined]);
    server.card = () => ({ ...signed, description: "Something else" });
    expect(await stateWith(trusted)).toEqual(["refused", expect.stringContaining("does not fit the card")]);
    expect(await stateWith({ ...trusted, required: false })).toEqual(["refused", expect.anything()]);
  });

  it("refuses addresses in private networks and of metadata services, and names of such when they are called", async () => {
    const node = await startNearNode();
    await expect(node.apply("http://10.1.2.3/")).rejects.toMatchObject({
      violations: [{ field: "spec.remote.card", description: expect.stringContaining("--allow-private-agents") }],
    });
    await expect(node.apply("http://169.254.169.254/")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const remotes = openRemotes(createMemoryKeyValue({ clock: systemClock }), {
      lookup: (_name, _options, callback) => callback(null, [{ address: "10.1.2.3", family: 4 }]),
    });
    const remote = { card: "http://agents.test/" };
    const spec = { remote };
    await remotes.define("t", { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "a" }, spec }, { ask: true });
    expect(remotes.status("t", remote)).toMatchObject({
      state: "refused",
      reason: expect.stringContaining("agents.test leads to 10.1.2.3"),
    });
    const open = await startNearNode({ allowPrivateAgents: true });
    await expect(open.apply("http://169.254.169.254/")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("with a card that can be fetched and is too large to keep says so, and is not unknown for ever", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    server.card = (card) => ({ ...card, description: "x".repeat(1024 * 1024 - 2_000) });
    const node = await startNearNode();
    await node.apply(server.url);
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "unreachable",
      reason: expect.stringMatching(/^the card at http.* takes 1\d{6} bytes to keep, 917504 are allowed/),
    });
  });

  it("judges the addresses that a card names as well", async () => {
    const server = await serve((play) => play.end("COMPLETED"));
    server.card = (card) => ({
      ...card,
      supportedInterfaces: [{ url: "http://192.168.0.1/rpc", protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
    });
    const node = await startNearNode();
    await node.apply(server.url);
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "refused",
      reason: expect.stringContaining("private network"),
    });
  });

  it("sends credentials to the card's origin and those that are listed, and to no other", async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      request.resume();
      response.writeHead(400).end("{}");
    });
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(async () => void other.close());
    const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const server = await serve((play) => play.end("COMPLETED"));
    const node = await startNearNode({ env: { FAR_TOKEN: "hush" } });
    await node.apply(server.url, { auth: { bearerEnv: "FAR_TOKEN" } });
    await node.output(await node.submit("Ann"));
    expect(server.calls[0]?.headers.authorization).toBe("Bearer hush");
    expect(server.cardRequests[0]?.authorization).toBeUndefined();
    server.card = (card) => ({
      ...card,
      supportedInterfaces: [{ url: `${elsewhere}/rpc`, protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
    });
    await node.apply(server.url, { auth: { bearerEnv: "FAR_TOKEN" }, timeoutMs: 5000 });
    expect(node.parts.catalogue.get("default", "far")).toMatchObject({
      state: "refused",
      reason: expect.stringContaining(`list ${elsewhere} in spec.remote.auth.origins`),
    });
    await node.events(await node.submit("Ann"));
    expect(seen).toEqual([]);
    await node.apply(server.url, { auth: { bearerEnv: "FAR_TOKEN", origins: [elsewhere] } });
    await node.events(await node.submit("Ann"));
    expect(seen[0]).toBe("Bearer hush");
  });

  it("takes only variables of the tenant, and only what is named like a secret", async () => {
    const node = await startNearNode();
    const refused = (auth: object) => expect(node.apply("http://127.0.0.1:1/", { auth })).rejects;
    await refused({ bearerEnv: "PATH" }).toMatchObject({ code: "INVALID_ARGUMENT" });
    await refused({ bearerEnv: "AGENTCORE_API_KEY" }).toMatchObject({
      violations: [{ field: "spec.remote.auth.bearerEnv", description: expect.stringContaining("platform") }],
    });
    await refused({ oauth2: { clientId: "x", clientSecretEnv: "ACME__SECRET" } }).toMatchObject({
      violations: [{ field: "spec.remote.auth.oauth2.clientSecretEnv" }],
    });
  });
});
