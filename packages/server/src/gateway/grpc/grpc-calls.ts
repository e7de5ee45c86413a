/** Calls over gRPC as the gateway has them: the same guard, credentials, agents, limits and errors as over HTTP. */
import type { GrpcGateway } from "@agentcore/a2a/grpc";
import type { A2AOperationRunner } from "@agentcore/a2a/server";
import { toRestError } from "../a2a/a2a-errors.ts";
import type { createA2ARouter } from "../a2a/a2a-router.ts";
import { assertServed, assertStatedVersion } from "../a2a/a2a-version.ts";
import { activateExtensions } from "../a2a/extensions.ts";
import { createOperationRunner } from "../a2a/run-operation.ts";
import { assertTenant, parseTenantAddress } from "../a2a/tenant-address.ts";
import type { ConnectionInfo } from "../deps/connection-info.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { publicError } from "../http/error-headers.ts";
import type { OriginGuard } from "../http/origin-guard.ts";
import { assertDepth } from "../http/parse-json.ts";
import type { PendingAnswers } from "../http/pending-answers.ts";

export interface GrpcCallsDeps {
  readonly gateway: GatewayDeps;
  readonly a2a: ReturnType<typeof createA2ARouter>;
  readonly guard: OriginGuard | null;
  readonly answers: PendingAnswers;
}

export type GrpcCalls = (infoOf: (connection: string) => ConnectionInfo | undefined) => GrpcGateway;

/** `infoOf` knows the connections by their `connectionKey`. */
export const createGrpcCalls =
  ({ gateway, a2a, guard, answers }: GrpcCallsDeps): GrpcCalls =>
  (infoOf) => ({
    async admit({ headers, authority, connection }, version) {
      const scope = await a2a.admit({ headers, url: `http://${authority}/` }, infoOf(connection));
      assertStatedVersion(headers, version);
      return {
        hold: (bytes) => answers.hold(scope, bytes),
        open(tenant, client) {
          const { tenantId, agent } = parseTenantAddress(tenant);
          assertTenant(scope, tenantId);
          const call = a2a.callFor(scope, agent, headers, { signal: client });
          assertServed(call.agent, version);
          const { uris: extensions } = activateExtensions(call.agent, headers, version);
          const runner = createOperationRunner(a2a.operations, { ...call, version, extensions });
          return { runner: withDepth(runner), extensions };
        },
      };
    },
    admitPublic: ({ headers, authority, connection }) =>
      guard?.({ headers, url: `http://${authority}/` }, infoOf(connection)),
    statusOf: (thrown) => toRestError(publicError(thrown, gateway.onError)).error,
    ready: () => gateway.health().ready,
  });

/** What JSON's bindings refuse when they parse. */
const withDepth = (runner: A2AOperationRunner): A2AOperationRunner => ({
  async unary(operation, params) {
    assertDepth(params, 0);
    return runner.unary(operation, params);
  },
  async stream(operation, params) {
    assertDepth(params, 0);
    return runner.stream(operation, params);
  },
});
