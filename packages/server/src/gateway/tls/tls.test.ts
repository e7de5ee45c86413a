import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect as connectHttp2 } from "node:http2";
import { type RequestOptions, request } from "node:https";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { credentials, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectGrpc } from "../../../../a2a/test/connect-grpc.ts";
import { type Authority, createAuthority, type Issued } from "../../../test/certificates.ts";
import { createFixture } from "../../../test/gateway/gateway-fixture.ts";
import type { ConnectionInfo } from "../deps/connection-info.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { listenGrpc } from "../grpc/listen-grpc.ts";
import { listen } from "../listen.ts";
import { shutDown } from "../shut-down.ts";
import { createTlsIdentity, type TlsFiles } from "./tls-identity.ts";

let folder: string;
let authority: Authority;
const ends: (() => unknown)[] = [];
const warnings: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-tls-"));
  authority = createAuthority();
  warnings.length = 0;
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await rm(folder, { recursive: true, force: true });
});

const put = async (issued: Issued, clientCa?: string): Promise<TlsFiles> => {
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  await Promise.all([writeFile(files.cert, issued.cert), writeFile(files.key, issued.key)]);
  if (clientCa === undefined) return files;
  await writeFile(join(folder, "clients.pem"), clientCa);
  return { ...files, clientCa: join(folder, "clients.pem") };
};

const node = () => authority.issue({ name: "node", altNames: ["127.0.0.1", "localhost", "agents.test"] });

const identify = async (files: TlsFiles, now = Date.now()) => {
  const tls = await createTlsIdentity({ files, now: () => now, warn: (said) => warnings.push(said), lookEveryMs: 0 });
  ends.push(tls.close);
  return tls;
};

const serve = async (files: TlsFiles, deps: Partial<GatewayDeps> = {}, host = "127.0.0.1") => {
  const tls = await identify(files);
  const infos: (ConnectionInfo | undefined)[] = [];
  const fixture = createFixture(deps);
  const gateway: typeof fixture.gateway = {
    ...fixture.gateway,
    fetch(asked, info) {
      infos.push(info);
      return fixture.gateway.fetch(asked, info);
    },
    grpc: (infoOf) =>
      fixture.gateway.grpc((connection) => {
        infos.push(infoOf(connection));
        return infoOf(connection);
      }),
  };
  const http = await listen(gateway, { port: 0, tls, host });
  const grpc = await listenGrpc(gateway, { port: 0, tls, host });
  ends.push(() => shutDown(gateway, [http, grpc], 0));
  return { tls, http, grpc, infos };
};

const get = (url: string, options: RequestOptions = {}) =>
  new Promise<{ readonly status: number | undefined; readonly headers: Record<string, unknown> }>((resolve, reject) => {
    const asked = request(`${url}/healthz`, { ca: authority.cert, agent: false, ...options }, (response) => {
      response.resume();
      response.once("end", () => resolve({ status: response.statusCode, headers: response.headers }));
    });
    asked.once("error", reject);
    asked.end();
  });

const LIST = { tenant: "", contextId: "", status: 0, pageToken: "" };

const dial = (port: number, client?: Issued) => {
  const channel = credentials.createSsl(
    Buffer.from(authority.cert),
    client === undefined ? null : Buffer.from(client.key),
    client === undefined ? null : Buffer.from(client.cert),
  );
  const grpc = connectGrpc(`localhost:${port}`, { channel });
  ends.push(grpc.close);
  return grpc;
};

/** The serial number of what the port shows now. */
const shown = async (port: number, more: Readonly<Record<string, unknown>> = {}): Promise<string> => {
  const socket = connect({ port, host: "127.0.0.1", ca: authority.cert, ALPNProtocols: ["h2", "http/1.1"], ...more });
  await once(socket, "secureConnect");
  const certificate: DetailedPeerCertificate = socket.getPeerCertificate(true);
  socket.destroy();
  return certificate.serialNumber;
};

describe("HTTP and gRPC", () => {
  it("are served over TLS with the same certificate, and not in plain text", async () => {
    const { http, grpc } = await serve(await put(node()));
    expect(http.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await get(http.url)).toMatchObject({ status: 200 });
    expect(await dial(grpc.port).unary("listTasks", LIST)).toMatchObject({ totalSize: 0 });
    expect(await shown(grpc.port)).toBe(await shown(http.port));
    await expect(fetch(http.url.replace("https", "http"))).rejects.toThrow();
    const plain = connectGrpc(`127.0.0.1:${grpc.port}`);
    ends.push(plain.close);
    await expect(plain.unary("listTasks", LIST)).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it("take nothing below TLS 1.2", async () => {
    const { http, grpc } = await serve(await put(node()));
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" };
    await expect(shown(http.port, old)).rejects.toThrow();
    await expect(shown(grpc.port, old)).rejects.toThrow();
    expect(await shown(http.port, { maxVersion: "TLSv1.2" })).toMatch(/^[0-9A-F]+$/);
  });

  it("take pages of their own port for their own, when they came over TLS too", async () => {
    const { http } = await serve(await put(node()));
    const statusFor = async (origin: string) =>
      (await get(http.url, { path: "/api/v1/agents", headers: { origin } })).status;
    expect(await statusFor(`https://localhost:${http.port}`)).toBe(200);
    expect(await statusFor(`http://localhost:${http.port}`)).toBe(403);
  });

  it("pin browsers to https, but not on names of this machine, where other ports are other programs", async () => {
    const { http } = await serve(await put(node()));
    expect((await get(http.url)).headers).not.toHaveProperty("strict-transport-security");
    const { headers } = await get(http.url, { headers: { host: "agents.test" } });
    expect(headers).toMatchObject({ "strict-transport-security": "max-age=31536000" });
  });
});

it("a client that never finishes its handshake does not hold up the end", async () => {
  const tls = await identify(await put(node()));
  const { gateway } = createFixture();
  const doors = [await listen(gateway, { port: 0, tls }), await listenGrpc(gateway, { port: 0, tls })];
  const silent = doors.map(({ port }) => connectTcp(port, "127.0.0.1"));
  await Promise.all(silent.map((socket) => once(socket, "connect")));
  const closed = silent.map((socket) => once(socket, "close"));
  await shutDown(gateway, doors, 0);
  await Promise.all(closed);
});

describe("client certificates", () => {
  it("are told with the connection when they are of the authorities, over both", async () => {
    const clients = createAuthority("Clients");
    const { http, grpc, infos } = await serve(await put(node(), clients.cert));
    const ann = clients.issue({ name: "ann", altNames: ["spiffe://acme/ann"] });
    const told = {
      subject: "CN=ann",
      issuer: "CN=Clients",
      fingerprint256: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
      subjectAltName: "URI:spiffe://acme/ann",
    };
    await get(http.url, ann);
    expect(infos.at(-1)).toMatchObject({ remoteAddress: "127.0.0.1", clientCertificate: told });
    await dial(grpc.port, ann).unary("listTasks", LIST);
    expect(infos.at(-1)).toMatchObject({ clientCertificate: told });
  });

  it("of others count as none, and none is required", async () => {
    const { http, grpc, infos } = await serve(await put(node(), createAuthority("Clients").cert));
    const stranger = createAuthority("Strangers").issue({ name: "ann" });
    expect(await get(http.url)).toMatchObject({ status: 200 });
    expect(await get(http.url, stranger)).toMatchObject({ status: 200 });
    await dial(grpc.port, stranger).unary("listTasks", LIST);
    expect(infos).toHaveLength(3);
    for (const info of infos) expect(info).not.toHaveProperty("clientCertificate");
  });

  it("count for their own connection only, also beside one from the same port to another of the node's addresses", async () => {
    const clients = createAuthority("Clients");
    const ann = clients.issue({ name: "ann" });
    const caller = { tenantId: "default", caller: "ann", role: "caller" as const, scopes: [] };
    const { grpc } = await serve(
      await put(node(), clients.cert),
      { credentials: { certificates: [{ subject: "CN=ann", ...caller }] } },
      "0.0.0.0",
    );
    const open = async (host: string, localPort: number, client?: Issued) => {
      const socket = connect({
        ...{ host, port: grpc.port, localAddress: "127.0.0.1", localPort, servername: "localhost" },
        ...{ ca: authority.cert, ALPNProtocols: ["h2"], ...client },
      });
      await once(socket, "secureConnect");
      const session = connectHttp2("https://localhost", { createConnection: () => socket });
      ends.push(() => session.destroy());
      const list = async (): Promise<number> => {
        const headers = { "content-type": "application/grpc", te: "trailers" };
        const stream = session.request({ ":method": "POST", ":path": A2AService.listTasks.path, ...headers });
        stream.end(Buffer.alloc(5));
        let told: Record<string, unknown> = {};
        for (const event of ["response", "trailers"])
          stream.on(event, (more: Record<string, unknown>) => (told = { ...told, ...more }));
        stream.resume();
        await once(stream, "close");
        return Number(told["grpc-status"]);
      };
      return { list, localPort: socket.localPort ?? 0 };
    };
    // The later one is asked first, since it may be there only once it answers.
    const known = await open("127.0.0.1", 0, ann);
    const stranger = await open("127.0.0.2", known.localPort);
    expect([await stranger.list(), await known.list()]).toEqual([status.UNAUTHENTICATED, status.OK]);
    const first = await open("127.0.0.1", 0);
    const second = await open("127.0.0.2", first.localPort, ann);
    expect([await second.list(), await first.list()]).toEqual([status.OK, status.UNAUTHENTICATED]);
  });
});

describe("a renewed certificate", () => {
  it("is shown to who connects next, over both, and those who are connected notice nothing", async () => {
    const { tls, http, grpc } = await serve(await put(node()));
    const before = await shown(http.port);
    const client = dial(grpc.port);
    await client.unary("listTasks", LIST);
    await put(node());
    await tls.refresh();
    const after = await shown(http.port);
    expect(after).not.toBe(before);
    expect(await shown(grpc.port)).toBe(after);
    await client.unary("listTasks", LIST);
    expect(warnings).toEqual([]);
  });

  it("that is half there, or broken, is said once and changes nothing until it is whole", async () => {
    const files = await put(node());
    const { tls, http } = await serve(files);
    const before = await shown(http.port);
    const renewed = node();
    await writeFile(files.cert, renewed.cert);
    await tls.refresh();
    await tls.refresh();
    expect(await shown(http.port)).toBe(before);
    expect(warnings).toEqual([
      expect.stringMatching(/does not belong to the certificate .*; the certificate in use stays$/),
    ]);
    await writeFile(files.key, renewed.key);
    await tls.refresh();
    expect(await shown(http.port)).not.toBe(before);
  });

  // Begins like a certificate, and is cut off.
  const half = () => authority.cert.slice(0, authority.cert.length / 2);

  it.each(["cert", "clientCa"] as const)("whose %s ends halfway is such a one too", async (which) => {
    const files = await put(node(), authority.cert);
    const { tls, http } = await serve(files);
    const before = await shown(http.port);
    const renewed = node();
    await put(renewed, authority.cert);
    const whole = which === "cert" ? renewed.cert : authority.cert;
    await writeFile(files[which] ?? "", whole + half());
    await tls.refresh();
    await tls.refresh();
    expect(await shown(http.port)).toBe(before);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^TLS cannot be served with all that is in .*pem \(ERR_.*\); the certificate in use stays$/,
      ),
    ]);
    await expect(identify(files)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await writeFile(files[which] ?? "", whole + authority.cert);
    await tls.refresh();
    expect(await shown(http.port)).not.toBe(before);
  });
});

describe("what cannot be served with", () => {
  const refused = (files: TlsFiles) => expect(identify(files)).rejects;

  it("a file that is not there", async () => {
    const files = await put(node());
    await refused({ ...files, key: join(folder, "none.pem") }).toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/^cannot read the key for TLS at .*none\.pem \(ENOENT\)$/),
    });
  });

  it("a key of another certificate", async () => {
    const files = await put({ cert: node().cert, key: node().key });
    await refused(files).toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/key\.pem does not belong to the certificate .*cert\.pem$/),
    });
  });

  it.each(["cert", "key", "clientCa"] as const)("a %s that is no PEM", async (which) => {
    const files = await put(node(), authority.cert);
    await writeFile(files[which] ?? "", "not what was asked for");
    await refused(files).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("in PEM form") });
  });
});

it("an expired certificate is served, and said to be expired", async () => {
  const expiresAt = Date.parse("2026-01-01T00:00:00Z");
  const tls = await identify(await put(authority.issue({ name: "node", expiresAt })), expiresAt + 1);
  expect(warnings).toEqual([expect.stringMatching(/cert\.pem expired at 2026-01-01T00:00:00\.000Z$/)]);
  await tls.refresh();
  expect(warnings).toHaveLength(1);
});
