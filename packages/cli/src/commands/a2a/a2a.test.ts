import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { RESUMABLE_STREAMS } from "@agentcore/a2a/client";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { startReferenceServer } from "../../../../a2a/test/reference-server.ts";
import { createAuthority } from "../../../../server/test/certificates.ts";
import { runInTest } from "../../../test/run-in-test.ts";

type Json = Readonly<Record<string, unknown>>;
let server: Server | undefined;
let folder: string | undefined;
const seen: { readonly headers: Readonly<Record<string, unknown>>; readonly body: Json }[] = [];

const closeServer = async (): Promise<void> => {
  const closing = server;
  server = undefined;
  if (closing === undefined) return;
  closing.close();
  closing.closeAllConnections();
  await once(closing, "close");
};

afterEach(async () => {
  await closeServer();
  if (folder !== undefined) await rm(folder, { recursive: true });
  folder = undefined;
  seen.length = 0;
});

const task = (state: string, more: Json = {}) => ({
  ...{ id: "t-1", contextId: "c-1", status: { state: `TASK_STATE_${state}`, timestamp: "2026-01-31T12:00:00.000Z" } },
  ...more,
});
const DONE = task("COMPLETED", { artifacts: [{ artifactId: "a", parts: [{ text: "Hello, Ada" }] }] });

/** An agent that answers each method as told; of a stream, with several results. */
/** An answer that does not come. */
const NEVER = {};

const startAgent = async (answers: Readonly<Record<string, readonly unknown[]>>, card: Json = {}): Promise<string> => {
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      const json = { "content-type": "application/json" };
      if (request.method === "GET") {
        const own = {
          ...{ name: "Greeter", description: "Greets", version: "1", capabilities: { streaming: true } },
          supportedInterfaces: [{ url, protocolBinding: "JSONRPC", protocolVersion: "1.0" }],
          ...{ defaultInputModes: ["text/plain"], defaultOutputModes: ["text/plain"] },
          skills: [{ id: "greet", name: "Greet", description: "Greets", tags: ["hello"] }],
          ...card,
        };
        return response.writeHead(200, json).end(JSON.stringify(own));
      }
      const body = JSON.parse(text) as Json;
      seen.push({ headers: request.headers, body });
      const results = answers[String(body["method"])] ?? [];
      if (results.includes(NEVER)) return;
      const framed = results.map((result) => JSON.stringify({ jsonrpc: "2.0", id: body["id"], result }));
      if (!["SendStreamingMessage", "SubscribeToTask"].includes(String(body["method"])))
        return response.writeHead(200, json).end(framed[0]);
      response.writeHead(200, { "content-type": "text/event-stream" });
      return response.end(framed.map((frame) => `data: ${frame}\n\n`).join(""));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return url;
};

test("a2a card prints a valid card, and says what is wrong with another", async () => {
  const url = await startAgent({});
  const ran = await runInTest(["a2a", "card", url]);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toContain("Greeter");
  expect(ran.stdout).toMatch(/valid: +yes/);
  await closeServer();
  const wrong = await startAgent({}, { kind: "agent", skills: [] });
  const refused = await runInTest(["a2a", "card", wrong, "-o", "json"]);
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.stdout)).toMatchObject({ valid: false, violations: expect.stringContaining("kind") });
});

test("a2a card checks signatures with the keys it is given", async () => {
  const { createCardSigner } = await import("@agentcore/a2a/cards");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = await createCardSigner([privateKey.export({ type: "pkcs8", format: "pem" }).toString()]);
  folder = await mkdtemp(join(tmpdir(), "a2a-card-"));
  const keys = join(folder, "keys.json");
  await writeFile(keys, JSON.stringify(signer.jwks));
  const url = await startAgent({});
  const card: Json = await (await fetch(url)).json();
  const signatures = await signer.sign(card, "https://agents.example.com/keys");
  await closeServer();

  const signed = await startAgent({}, { ...card, signatures });
  expect(await runInTest(["a2a", "card", signed, "--jwks", keys])).toMatchObject({
    ...{ code: 0, stdout: expect.stringMatching(/signatures: +verified/) },
  });
  expect((await runInTest(["a2a", "card", signed])).stdout).toContain("not checked, for want of --jwks");
  await closeServer();

  const forged = await startAgent({}, { ...card, description: "Greets nobody", signatures });
  const ran = await runInTest(["a2a", "card", forged, "--jwks", keys]);
  expect(ran.code).toBe(1);
  expect(ran.stdout).toContain("no signature that can be trusted");
});

test("a2a send sends words, data and the credential, and prints the artifacts", async () => {
  const url = await startAgent({ SendMessage: [{ task: DONE }] });
  const words = ["a2a", "send", url, "-t", "hi", "--data", '{"a":1}', "--context", "c-1", "--bearer-env", "TOKEN"];
  const ran = await runInTest(words, { environment: { TOKEN: "secret-token" } });
  expect(ran).toEqual({ code: 0, stdout: "Hello, Ada\n", stderr: "t-1 completed\n" });
  expect(seen[0]?.headers).toMatchObject({ authorization: "Bearer secret-token", "a2a-version": "1.0" });
  expect(seen[0]?.body["params"]).toMatchObject({
    message: { role: "ROLE_USER", contextId: "c-1", parts: [{ text: "hi" }, { data: { a: 1 } }] },
  });
});

test("a2a send reads a message from a file, prints JSON, and ends with 1 when the task fails", async () => {
  folder = await mkdtemp(join(tmpdir(), "a2a-send-"));
  await writeFile(join(folder, "message.json"), JSON.stringify({ parts: [{ text: "hi" }], metadata: { a: 1 } }));
  const url = await startAgent({ SendMessage: [{ task: task("FAILED") }] });
  const ran = await runInTest(["a2a", "send", url, "@message.json", "--immediate", "-o", "json"], { cwd: folder });
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.stdout)).toMatchObject({ task: { id: "t-1" } });
  expect(seen[0]?.body["params"]).toMatchObject({
    ...{ message: { metadata: { a: 1 } }, configuration: { returnImmediately: true } },
  });
});

test("a2a send --stream prints what comes", async () => {
  const status = { taskId: "t-1", contextId: "c-1", status: task("COMPLETED").status };
  const artifactUpdate = { taskId: "t-1", contextId: "c-1", artifact: { artifactId: "a", parts: [{ text: "Hello" }] } };
  const url = await startAgent({
    SendStreamingMessage: [{ task: task("SUBMITTED") }, { artifactUpdate }, { statusUpdate: status }],
  });
  const ran = await runInTest(["a2a", "send", url, "--text", "hi", "--stream"]);
  expect(ran).toEqual({ code: 0, stdout: "Hello\n", stderr: "t-1 submitted\nt-1 completed\n" });
  const lines = (await runInTest(["a2a", "send", url, "--text", "hi", "--stream", "-o", "json"])).stdout
    .trim()
    .split("\n");
  expect(lines.map((line) => Object.keys(JSON.parse(line))[0])).toEqual(["task", "artifactUpdate", "statusUpdate"]);
});

test("a2a watch prints a task that has ended, and follows one that has not from where it was left", async () => {
  const ended = await startAgent({ GetTask: [DONE] });
  expect(await runInTest(["a2a", "watch", ended, "t-1"])).toMatchObject({ code: 0, stdout: "Hello, Ada\n" });
  await closeServer();
  const statusUpdate = { taskId: "t-1", contextId: "c-1", status: task("CANCELED").status };
  const working = await startAgent({ GetTask: [task("WORKING")], SubscribeToTask: [{ statusUpdate }] });
  const ran = await runInTest(["a2a", "watch", working, "t-1", "--after", "7"]);
  expect(ran).toEqual({ code: 1, stdout: "", stderr: "t-1 canceled\n" });
  expect(seen.at(-1)?.headers).toMatchObject({ "last-event-id": "7" });
});

test("a2a send and a2a watch speak gRPC as well", async () => {
  const reference = await startReferenceServer();
  try {
    const sent = await runInTest(["a2a", "send", reference.url, "-t", "hello", "--binding", "GRPC", "-o", "json"]);
    expect(sent.code).toBe(0);
    const { task: done } = JSON.parse(sent.stdout) as { task: { id: string } };
    expect(done).toMatchObject({ artifacts: [{ parts: [{ text: "hello" }] }] });
    const streamed = await runInTest(["a2a", "send", reference.url, "-t", "fail", "--binding", "GRPC", "--stream"]);
    expect(streamed).toMatchObject({ code: 1, stderr: expect.stringMatching(/ failed\n$/) });
    const watched = await runInTest(["a2a", "watch", reference.url, done.id, "--binding", "GRPC"]);
    expect(watched).toMatchObject({ code: 0, stdout: expect.stringContaining("hello") });
  } finally {
    await reference.close();
  }
});

test("an agent whose certificate an authority of --ca has signed is believed, over each binding, and no other", async () => {
  const believed = getCACertificates("default");
  const authority = createAuthority();
  const reference = await startReferenceServer({ tls: authority.issue({ name: "agent", altNames: ["127.0.0.1"] }) });
  onTestFinished(() => reference.close());
  folder = await mkdtemp(join(tmpdir(), "a2a-ca-"));
  const ca = join(folder, "ca.pem");
  await writeFile(ca, authority.cert);
  /** Each as a process of its own: what one believes, the next one does not. */
  const run = async (words: readonly string[], environment: Record<string, string> = {}) => {
    try {
      return await runInTest(["a2a", ...words], { environment });
    } finally {
      setDefaultCACertificates(believed);
    }
  };
  for (const words of [
    ["card", reference.url],
    ["send", reference.url, "-t", "hello"],
  ])
    expect(await run(words)).toMatchObject({ code: 1, stderr: expect.stringContaining("--ca or AGENTCORE_CA") });
  for (const binding of ["JSONRPC", "HTTP+JSON", "GRPC"]) {
    const sent = await run(["send", reference.url, "-t", "hello", "--binding", binding, "-o", "json", "--ca", ca]);
    expect([binding, sent.code, sent.stderr]).toEqual([binding, 0, ""]);
    const { task: done } = JSON.parse(sent.stdout) as { task: { id: string } };
    const from = ["--binding", binding, "--ca", ca];
    expect(await run(["watch", reference.url, done.id, ...from])).toMatchObject({ code: 0, stdout: "hello\n" });
    expect(await run(["verify", reference.url, "--only", "CORE-GET-001", ...from])).toMatchObject({ code: 0 });
  }
  expect(await run(["card", reference.url], { AGENTCORE_CA: ca })).toMatchObject({ code: 0 });
  await writeFile(ca, "nothing");
  expect((await run(["card", reference.url, "--ca", ca])).stderr).toContain("CONFIG_INVALID");
});

test.each(["card", "send", "watch", "verify"])("a2a %s takes no options that are for a node", async (verb) => {
  const help = (await runInTest(["a2a", verb, "--help"])).stdout;
  for (const option of ["--url", "AGENTCORE_URL", "--api-key KEY", "AGENTCORE_API_KEY"])
    expect(help).not.toContain(option);
  expect(help).toContain("--ca FILE");
  const url = "http://127.0.0.1:1";
  for (const option of ["--url", "--api-key"])
    expect(await runInTest(["a2a", verb, url, option, url])).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining(`Unknown option '${option}'`) },
    });
});

const seqOf = (seq: number) => ({ metadata: { [RESUMABLE_STREAMS]: { seq } } });
const NUMBERING = { capabilities: { streaming: true, extensions: [{ uri: RESUMABLE_STREAMS }] } };

test("a stream that ends before its task goes on after the last numbered event", async () => {
  const statusUpdate = { taskId: "t-1", contextId: "c-1", status: task("FAILED").status, ...seqOf(4) };
  const url = await startAgent(
    { SendStreamingMessage: [{ task: task("WORKING", seqOf(3)) }], SubscribeToTask: [{ statusUpdate }] },
    NUMBERING,
  );
  const ran = await runInTest(["a2a", "send", url, "-t", "hi", "--stream"]);
  expect(ran).toEqual({ code: 1, stdout: "", stderr: "t-1 working\nt-1 failed\n" });
  expect(seen.map(({ body }) => body["method"])).toEqual(["SendStreamingMessage", "SubscribeToTask"]);
  expect(seen[0]?.headers["a2a-extensions"]).toBe(RESUMABLE_STREAMS);
  expect(seen[1]?.headers["last-event-id"]).toBe("3");
});

test("of an agent that numbers nothing the task is looked at once, and one still at work is a failure", async () => {
  const working = { task: task("WORKING") };
  const done = await startAgent({ SendStreamingMessage: [working], GetTask: [DONE] });
  const words = ["a2a", "send", done, "-t", "hi", "--stream"];
  expect(await runInTest(words)).toMatchObject({ code: 0, stdout: "Hello, Ada\n" });
  await closeServer();
  const cut = await startAgent({
    SendStreamingMessage: [working],
    SubscribeToTask: [working],
    GetTask: [working.task],
  });
  for (const ran of [
    await runInTest(["a2a", "send", cut, "-t", "hi", "--stream"]),
    await runInTest(["a2a", "watch", cut, "t-1"]),
  ]) {
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain("UPSTREAM_FAILED: the stream ended before its task did: t-1 working");
  }
  await closeServer();
  // Says the same number again and again.
  const stuck = { task: task("WORKING", seqOf(3)) };
  const repeats = { SendStreamingMessage: [stuck], SubscribeToTask: [stuck], GetTask: [working.task] };
  seen.length = 0;
  await runInTest(["a2a", "send", await startAgent(repeats, NUMBERING), "-t", "hi", "--stream"]);
  expect(seen.map(({ body }) => body["method"])).toEqual(["SendStreamingMessage", "SubscribeToTask", "GetTask"]);
});

test("a stream that ends with a question is no failure", async () => {
  const url = await startAgent({ SendStreamingMessage: [{ task: task("INPUT_REQUIRED") }] });
  expect(await runInTest(["a2a", "send", url, "-t", "hi", "--stream"])).toMatchObject({ code: 0 });
});

test("the credential goes to the origin of the given address only, and to those that are listed", async () => {
  // The same server by another name, as a card of somebody's might say it.
  const url = (await startAgent({ SendMessage: [{ task: DONE }] })).replace("127.0.0.1", "localhost");
  const other = new URL(url.replace("localhost", "127.0.0.1")).origin;
  const environment = { TOKEN: "secret-token" };
  for (const words of [
    ["send", url, "-t", "hi"],
    ["watch", url, "t-1"],
    ["verify", url, "--only", "CORE-GET-002"],
    ["card", url, "--extended"],
  ]) {
    const ran = await runInTest(["a2a", ...words, "--bearer-env", "TOKEN"], { environment });
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain(`--credential-origin ${other}`);
  }
  expect(seen).toEqual([]);
  expect(await runInTest(["a2a", "send", url, "-t", "hi"])).toMatchObject({ code: 0 });
  const allowed = ["--bearer-env", "TOKEN", "--credential-origin", `${other}/any`];
  expect(await runInTest(["a2a", "send", url, "-t", "hi", ...allowed], { environment })).toMatchObject({ code: 0 });
  expect(seen.map(({ headers }) => headers["authorization"])).toEqual([undefined, "Bearer secret-token"]);
  await runInTest(["a2a", "verify", url, "--only", "CORE-GET-002", ...allowed], { environment });
  expect(seen.at(-1)?.headers["authorization"]).toBe("Bearer secret-token");
});

test.each([["send", "-t", "x"], ["send", "-t", "x", "--stream"], ["watch", "t-1"], ["verify"]])(
  "a2a %s that is interrupted ends with 130, as every command",
  async (verb, ...words) => {
    const interrupt = new AbortController();
    server = createServer((request, response) => {
      const url = `http://${request.headers.host}/`;
      const supportedInterfaces = [{ url, protocolBinding: "JSONRPC", protocolVersion: "1.0" }];
      if (request.method === "GET") response.end(JSON.stringify({ name: "Greeter", supportedInterfaces }));
      else interrupt.abort();
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const ran = await runInTest(["a2a", verb ?? "", url, ...words], { signal: interrupt.signal });
    expect(ran).toMatchObject({ code: 130, stdout: "" });
    expect(ran.stderr).not.toContain("error");
  },
);

test("a2a card takes no key set without an end", async () => {
  const url = await startAgent({}, { signatures: [{ protected: "e30", signature: "AA" }] });
  const keys = createServer((_, response) => {
    const feed = (): void => {
      while (response.write(" ".repeat(65_536)));
      response.once("drain", feed);
    };
    response.on("error", () => {}).writeHead(200);
    feed();
  });
  onTestFinished(() => {
    keys.close();
    keys.closeAllConnections();
  });
  keys.listen(0, "127.0.0.1");
  await once(keys, "listening");
  const jwks = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`;
  const ran = await runInTest(["a2a", "card", url, "--jwks", jwks]);
  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toContain(`no key set can be fetched from ${jwks}: its answer is over 262144 bytes`);
});

test("a credential that no header can hold is not sent, nor printed", async () => {
  const url = await startAgent({ SendMessage: [{ task: DONE }] });
  for (const words of [
    ["send", url, "-t", "hi"],
    ["watch", url, "t-1"],
    ["verify", url, "--only", "CORE-GET-002"],
    ["card", url, "--extended"],
  ]) {
    const environment = { TOKEN: "s3cr3t\nvalue" };
    const ran = await runInTest(["a2a", ...words, "--bearer-env", "TOKEN", "--verbose"], { environment });
    expect([ran.code, ran.stdout]).toEqual([1, ""]);
    expect(ran.stderr).toContain(
      "error CONFIG_INVALID: what is to be sent in the header authorization holds characters",
    );
    expect(ran.stderr).not.toContain("s3cr3t");
  }
  expect(seen).toEqual([]);
});

test("a card that names no header for an API key gets none", async () => {
  const scheme = { apiKeySecurityScheme: { location: "header", name: "x y" } };
  const url = await startAgent({}, { securitySchemes: { key: scheme } });
  const ran = await runInTest(["a2a", "verify", url, "--api-key-env", "KEY"], { environment: { KEY: "s3cr3t" } });
  expect(ran.stderr).toContain('error CONFIG_INVALID: "x y" is no name of a header');
  expect(seen).toEqual([]);
});

test("a2a verify that checks nothing is no success", async () => {
  const url = await startAgent({ GetTask: [DONE] });
  for (const [words, message] of [
    [["--only", "NO-SUCH-CHECK"], "--only NO-SUCH-CHECK: there is no such check"],
    [["--binding", "GRPC"], "the card names no interface of GRPC that is asked for; it names JSONRPC 1.0"],
    [["--version", "0.3"], "the card names no interface of 0.3"],
    [["--only", "AC-1.11-rest"], "no such check is for JSONRPC 1.0"],
  ] as const) {
    const ran = await runInTest(["a2a", "verify", url, ...words]);
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  }
});

test("a2a verify prints what is broken, by section, and ends with 1", async () => {
  const url = await startAgent({ GetTask: [DONE] });
  const ran = await runInTest(["a2a", "verify", url, "--only", "CORE-GET-002", "--only", "AC-1.13-structure"]);
  expect(ran.code).toBe(1);
  expect(ran.stdout).toContain("1.5 Task states");
  expect(ran.stdout).toMatch(/CORE-GET-002 +JSONRPC +1\.0 +failed/);
  expect(ran.stderr).toContain("1 broken, 0 warnings, 1 kept, 0 skipped");
  const json = await runInTest(["a2a", "verify", url, "--only", "CORE-CANCEL-001", "-o", "json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ violations: 0, results: [{ result: "skipped" }] });
  expect(json.code).toBe(0);
});

test("a2a verify that runs out of time is no success", async () => {
  const url = await startAgent({ GetTask: [NEVER] });
  const ran = await runInTest(["a2a", "verify", url, "--only", "CORE-GET-002", "--total-timeout", "1"]);
  expect(ran.stderr).toContain("1 skipped (--all shows why); for 1 of them there was no time (--total-timeout)");
  expect(ran.code).toBe(1);
});

test.each([
  [["a2a"], "a2a: a command is missing: card, send, watch, verify"],
  [["a2a", "sent"], 'there is no command "a2a sent"; did you mean "a2a send"?'],
  [["a2a", "card", "nowhere"], "expected an address"],
  [["a2a", "send", "http://a.test"], "--text, --data or @FILE is missing"],
  [["a2a", "send", "http://a.test", "hello"], "hello: expected @FILE; --text sends words, --data sends JSON"],
  [["a2a", "send", "http://a.test", "-t", "x", "--bearer-env", "NONE"], "the variable is not set"],
  [["a2a", "verify", "http://a.test", "--binding", "SOAP"], "expected JSONRPC, HTTP+JSON, GRPC"],
])("%j is a wrong command line", async (words, message) => {
  const ran = await runInTest(words);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain(message);
});

test("the group explains itself", async () => {
  for (const words of [
    ["a2a", "--help"],
    ["help", "a2a"],
  ]) {
    const { code, stdout } = await runInTest(words);
    expect(code).toBe(0);
    expect(stdout).toContain("verify");
  }
  expect((await runInTest(["help", "a2a", "verify"])).stdout).toContain("--long-message");
});
