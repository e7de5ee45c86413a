/** A node as it stands in a network: over TLS, by HTTP and by gRPC, with a certificate that is renewed under it. */
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { credentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectGrpc } from "../../packages/a2a/test/connect-grpc.ts";
import { type Authority, createAuthority } from "../../packages/server/test/certificates.ts";
import { grpcMessage } from "../../packages/server/test/gateway/grpc-message.ts";
import { type RunningProgram, root, runAgentcore, startAgentcore } from "./programs.ts";

const KEY = "sixteen-characters-and-more";

const agent = `import { agent } from "agentcore";
export const greeter = agent({ name: "greeter", description: "Greets", run: async (task) => \`Hello, \${task.input}!\` });
`;

const manifest = `apiVersion: agentcore.dev/v1
kind: Agent
metadata: { name: greeter }
spec: { code: { path: ./greeter.ts, export: greeter } }
`;

let folder: string;
let authority: Authority;
let node: RunningProgram | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-tls-"));
  authority = createAuthority();
  await Promise.all([
    symlink(join(root, "node_modules"), join(folder, "node_modules")),
    writeFile(join(folder, "package.json"), '{ "type": "module" }'),
    writeFile(join(folder, "greeter.ts"), agent),
    writeFile(join(folder, "greeter.agent.yaml"), manifest),
    writeFile(join(folder, "ca.pem"), authority.cert),
    writeFile(join(folder, "keys.txt"), `${KEY} role=operator caller=root\n`),
  ]);
  await renew();
});
afterEach(async () => {
  await node?.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const renew = async () => {
  const { cert, key } = authority.issue({ name: "node", altNames: ["localhost", "127.0.0.1"] });
  await Promise.all([writeFile(join(folder, "cert.pem"), cert), writeFile(join(folder, "key.pem"), key)]);
};

const serial = (port: number) =>
  new Promise<string>((resolve, reject) => {
    const socket = connectTls({ port, host: "127.0.0.1", ca: authority.cert, ALPNProtocols: ["h2"] }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once("error", reject);
  });

test("serves both, runs its first task, answers the command, takes up a renewed certificate, and ends in order", async () => {
  const tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem", "--api-key-file", "keys.txt"];
  const ports = ["--port", "0", "--grpc-port", "0"];
  node = startAgentcore(["up", ...ports, ...tls, "--apply", ".", "--run", "greeter", "--input", "Ada"], {
    cwd: folder,
  });
  const [, url = "", grpcPort = ""] = await node.says(
    /ready at (https:\/\/127\.0\.0\.1:\d+) and, over gRPC, 127\.0\.0\.1:(\d+)/,
  );
  await node.says(/Hello, Ada!/);

  const get = (...words: string[]) =>
    runAgentcore(["get", "agents", "--url", url, "--api-key", KEY, ...words], { cwd: folder });
  expect(await get("--ca", "ca.pem")).toMatchObject({ code: 0, stdout: expect.stringContaining("greeter") });
  const stranger = await get();
  expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining("--ca or AGENTCORE_CA") });
  expect(await get("--ca", "greeter.ts")).toMatchObject({ code: 1, stderr: expect.stringContaining("CONFIG_INVALID") });

  const grpc = connectGrpc(`localhost:${grpcPort}`, { channel: credentials.createSsl(Buffer.from(authority.cert)) });
  const sent = await grpc.unary("sendMessage", grpcMessage("Bob", "default/greeter"), { "x-api-key": KEY });
  expect(JSON.stringify(sent)).toContain("Hello, Bob!");

  const before = await serial(Number(grpcPort));
  await renew();
  await expect.poll(() => serial(Number(grpcPort)), { timeout: 30_000, interval: 500 }).not.toBe(before);
  // On the connection that stood before.
  expect(
    JSON.stringify(await grpc.unary("sendMessage", grpcMessage("Cy", "default/greeter"), { "x-api-key": KEY })),
  ).toContain("Hello, Cy!");

  const stream = grpc.stream("subscribeToTask", { tenant: "default/greeter", id: "nothing" }, { "x-api-key": KEY });
  await expect(stream.toArray()).rejects.toMatchObject({ code: 5 });
  grpc.close();
  await node.kill("SIGTERM");
  expect(node.output).toContain("Stopping");
});

test("a certificate that is not there keeps the node from starting, and says where it was looked for", async () => {
  const ran = await runAgentcore(["up", "--port", "0", "--tls-cert", "none.pem", "--tls-key", "key.pem"], {
    cwd: folder,
  });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/CONFIG_INVALID: cannot read the certificate for TLS at .*none\.pem \(ENOENT\)/);
});
