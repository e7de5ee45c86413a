/** A node over TLS that knows callers by their certificates, on both ports. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectGrpc } from "../../../a2a/test/connect-grpc.ts";
import { createAuthority, type Issued } from "../../test/certificates.ts";
import { type RunningNode, startNode } from "../start-node.ts";

const code = fileURLToPath(new URL("../../test/tenants/keeper.ts", import.meta.url));
const authority = createAuthority();
const clients = createAuthority("Clients");
const ann = clients.issue({ name: "ann", altNames: ["spiffe://acme/ann"] });
const ops = clients.issue({ name: "ops" });
// As workloads have them: their name is the URI, and the subject is empty.
const workload = clients.issue({ name: "", altNames: ["spiffe://acme/workload"] });
const nameless = clients.issue({ name: "", altNames: ["spiffe://acme/another"] });
const stranger = clients.issue({ name: "annabel" });
const forged = createAuthority("Clients").issue({ name: "ops" });

let folder: string;
let node: RunningNode;

const options = (more: object = {}) => ({
  port: 0,
  grpcPort: 0,
  dataDirectory: join(folder, "data"),
  authFile: join(folder, "auth.yaml"),
  codeRoots: [dirname(code)],
  logLevel: "error" as const,
  env: {},
  ...more,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-mtls-"));
  const own = authority.issue({ name: "node", altNames: ["127.0.0.1"] });
  const files = { "cert.pem": own.cert, "key.pem": own.key, "clients.pem": clients.cert };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
  await writeFile(
    join(folder, "auth.yaml"),
    `clientCertificates:
  - { subjectAltName: "URI:spiffe://acme/ann", caller: ann }
  - { subject: CN=first, caller: first }
  - { subjectAltName: "URI:spiffe://acme/workload", caller: workload }
  - { subject: CN=ops, caller: ops, role: operator }
`,
  );
  const tls = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem"), clientCa: join(folder, "clients.pem") };
  node = await startNode(options({ tls }));
  await node.ready;
  await node.apply([
    {
      apiVersion: "agentcore.dev/v1",
      kind: "Agent",
      metadata: { name: "open" },
      spec: { code: { path: code, export: "keeper" } },
    },
  ]);
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true, force: true });
});

const get = (path: string, shown?: Issued, headers: Record<string, string> = {}) =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const asked = request(
      `${node.url}${path}`,
      { ca: authority.cert, agent: false, headers: { "a2a-version": "1.0", ...headers }, ...shown },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (body += chunk));
        response.on("end", () => resolve({ status: response.statusCode, body }));
      },
    );
    asked.on("error", reject);
    asked.end();
  });

test("a certificate is a caller or an operator, as its entry says; others are nobody", async () => {
  const statuses = async (path: string) => {
    const found = [];
    for (const shown of [ann, ops, stranger, forged, undefined]) found.push((await get(path, shown)).status);
    return found;
  };
  expect(await statuses("/api/v1/agents")).toEqual([200, 200, 401, 401, 401]);
  expect(await statuses("/api/v1/manifests")).toEqual([403, 200, 401, 401, 401]);
  expect(await statuses("/a2a/open/tasks")).toEqual([200, 200, 401, 401, 401]);
  expect((await get("/api/v1/agents", ops, { authorization: "Bearer a-key-of-nobody" })).status).toBe(401);
});

test("a certificate without a subject is known by its other name, or nobody's", async () => {
  expect((await get("/api/v1/agents", workload)).status).toBe(200);
  expect((await get("/api/v1/agents", nameless)).status).toBe(401);
});

test("the same over gRPC", async () => {
  const codeFor = async (shown: Issued | undefined) => {
    const [key, chain] = [shown?.key, shown?.cert].map((text) => (text === undefined ? null : Buffer.from(text)));
    const channel = credentials.createSsl(Buffer.from(authority.cert), key, chain);
    const client = connectGrpc(node.grpcAddress ?? "", { channel });
    try {
      await client.unary(
        "listTasks",
        { tenant: "", contextId: "", status: 0, pageToken: "" },
        { "a2a-version": "1.0" },
      );
      return 0;
    } catch (error) {
      return (error as { code: number }).code;
    } finally {
      client.close();
    }
  };
  const found = [];
  for (const shown of [ann, stranger, undefined]) found.push(await codeFor(shown));
  expect(found).toEqual([0, 16, 16]);
});

test("the card says so", async () => {
  const card = JSON.parse((await get("/a2a/open/.well-known/agent-card.json")).body);
  expect(card.securitySchemes).toEqual({ clientCertificate: { mtlsSecurityScheme: {} } });
  expect(card.securityRequirements).toEqual([{ schemes: { clientCertificate: { list: [] } } }]);
});

test("without TLS that asks for certificates, entries for them are refused", async () => {
  await expect(startNode(options({ dataDirectory: join(folder, "other") }))).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("--tls-client-ca"),
  });
});
