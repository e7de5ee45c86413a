import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { createA2AClient } from "@agentcore/a2a/client";
import { createGuardedFetch, createGuardedLookup } from "@agentcore/outbound";
import { expect, it, onTestFinished } from "vitest";
import { createAuthority } from "../../test/certificates.ts";
import { createFixture } from "../../test/gateway/gateway-fixture.ts";
import { listenGrpc } from "../gateway/grpc/listen-grpc.ts";
import { shutDown } from "../gateway/shut-down.ts";
import { createTlsIdentity } from "../gateway/tls/tls-identity.ts";

it("over TLS an agent's certificate is checked against its name, whatever address that led to", async () => {
  const authority = createAuthority();
  const own = getCACertificates("default");
  setDefaultCACertificates([...own, authority.cert]);
  onTestFinished(() => setDefaultCACertificates(own));
  const folder = await mkdtemp(join(tmpdir(), "agentcore-remote-grpc-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const issued = authority.issue({ name: "agents.test", altNames: ["agents.test"] });
  await Promise.all([writeFile(files.cert, issued.cert), writeFile(files.key, issued.key)]);
  const tls = await createTlsIdentity({ files, now: Date.now, warn: () => {}, lookEveryMs: 0 });
  onTestFinished(() => tls.close());
  const { gateway } = createFixture();
  const listener = await listenGrpc(gateway, { port: 0, tls });
  onTestFinished(() => shutDown(gateway, [listener], 0));
  const policy = { allowLoopback: true, allowPrivate: false, sendsSecret: true, option: "--x" };
  const ask = (name: string) =>
    createA2AClient({
      interface: { url: `https://${name}:${listener.port}`, binding: "GRPC", version: "1.0" },
      fetch: createGuardedFetch(policy),
      lookup: createGuardedLookup({
        ...policy,
        lookup: (_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]),
      }),
    }).get({ id: "nobody" });
  // A node that asks for no credential answers to names of this machine only: it has seen the name.
  await expect(ask("agents.test")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  await expect(ask("others.test")).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
});
