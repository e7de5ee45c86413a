/** The gateway, whole or with its answers changed, as `agentcore a2a verify` sees it. */
import type { Binding, VerifyReport } from "@agentcore/a2a/verify";
import { listenGrpc } from "../../src/gateway/grpc/listen-grpc.ts";
import { parseApiKeys } from "../../src/gateway/http/parse-api-keys.ts";
import { shutDown } from "../../src/gateway/shut-down.ts";
import { BASE, createFixture, describeAgent } from "./gateway-fixture.ts";
import { type Mutation, mutated, mutatedReceiver } from "./mutated-server.ts";
import { createPushOfFixture } from "./push-of-fixture.ts";

export const said = (text: string) => ({ parts: [{ text }] });
export const messages = { complete: said("hello"), inputRequired: said("ask"), long: said("hold"), fail: said("fail") };
export const settings = { heartbeatMs: 20, cancelWaitMs: 500 };
export const KEY = "k".repeat(20);
export const OTHER = "o".repeat(20);
export const EXTENSION = "https://example.com/extensions/units/v1";

export interface Variant {
  readonly keys?: boolean;
  readonly extension?: boolean;
  readonly extendedCard?: boolean;
  /** Over gRPC as well. */
  readonly grpc?: boolean;
  /** Receive notifications. */
  readonly push?: boolean;
  /** Serve 0.3 as well. */
  readonly legacy?: boolean;
  /** What the verifier of signatures says. */
  readonly signature?: string;
}

export const verify = async (
  mutation: Mutation = {},
  {
    binding,
    keys,
    extension,
    extendedCard,
    grpc,
    push,
    legacy,
    signature,
  }: Variant & { readonly binding?: Binding } = {},
  only?: readonly string[],
): Promise<VerifyReport> => {
  const { startPushReceiver, verifyServer } = await import("@agentcore/a2a/verify");
  const agent = describeAgent("echo", {
    ...(legacy ? {} : { a2aVersions: ["1.0"] }),
    ...(extendedCard ? { extendedCard: { description: "The whole of it" } } : {}),
    ...(extension ? { extensions: [{ uri: EXTENSION, required: true }] } : {}),
  });
  const pushes = createPushOfFixture();
  const apiKeys = keys ? parseApiKeys([`${KEY} caller=ann`, `${OTHER} caller=bob`]) : undefined;
  const address = () => listener && `127.0.0.1:${listener.port}`;
  const deps = { settings, push: pushes.configs, grpcAddress: address };
  const { gateway, tasks } = createFixture({ ...deps, ...(apiKeys ? { apiKeys } : {}) }, [agent]);
  const listener = grpc ? await listenGrpc(gateway, { port: 0 }) : undefined;
  const receiver = push ? await startPushReceiver("127.0.0.1") : undefined;
  const dispatcher = push ? pushes.dispatch(tasks) : undefined;
  try {
    return await verifyServer({
      ...{ url: `${BASE}/a2a/echo`, messages },
      ...{ receiver: receiver && mutatedReceiver(receiver, mutation), only },
      ...(signature === undefined ? {} : { verifySignatures: async () => signature }),
      ...(keys ? { credentials: { bearer: KEY }, otherCredentials: { bearer: OTHER } } : {}),
      credentialOrigins: listener === undefined ? [] : [`http://127.0.0.1:${listener.port}`],
      ...(binding === undefined ? {} : { bindings: [binding] }),
      fetch: mutated(async (request) => gateway.fetch(request), mutation),
    });
  } finally {
    if (listener !== undefined) await shutDown(gateway, [listener], 0);
    await dispatcher?.close();
    await receiver?.close();
  }
};

export const failures = ({ results }: VerifyReport) =>
  results
    .filter(({ result, severity }) => result === "failed" && severity === "must")
    .map(({ id, binding, seen, expected }) => `${id} ${binding ?? ""}: ${seen} instead of ${expected}`);
