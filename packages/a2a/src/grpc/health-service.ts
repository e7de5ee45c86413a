/** grpc.health.v1.Health: the node's readiness, for load balancers and probes, which present no credential. */
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";

type Serving = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";

interface HealthRequest {
  readonly service?: string;
}

interface HealthResponse {
  readonly status: Serving;
}

type Watcher = ServerWritableStream<HealthRequest, HealthResponse>;

export interface HealthService {
  readonly implementation: UntypedServiceImplementation;
  /** Tells watchers, and ends them. */
  close(): void;
}

// Readiness is asked for, not told; a load balancer that hears of it within a second hears soon enough.
const LOOK_EVERY_MS = 1000;

/** `services` are the names that may be asked for besides the empty one, which means the node. */
export const createHealthService = (services: readonly string[], ready: () => boolean): HealthService => {
  const watchers = new Map<Watcher, Serving>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const stateOf = (service = ""): Serving => {
    if (service !== "" && !services.includes(service)) return "SERVICE_UNKNOWN";
    return !closed && ready() ? "SERVING" : "NOT_SERVING";
  };

  const look = (): void => {
    for (const [watcher, told] of watchers) {
      const state = stateOf(watcher.request.service);
      if (state === told) continue;
      watchers.set(watcher, state);
      watcher.write({ status: state });
    }
  };

  const leave = (watcher: Watcher): void => {
    watchers.delete(watcher);
    if (watchers.size === 0) clearInterval(timer);
  };

  return {
    implementation: {
      check(call: ServerUnaryCall<HealthRequest, HealthResponse>, callback: sendUnaryData<HealthResponse>) {
        const state = stateOf(call.request.service);
        if (state === "SERVICE_UNKNOWN") callback({ code: status.NOT_FOUND, details: "there is no such service" });
        else callback(null, { status: state });
      },
      watch(call: Watcher) {
        const state = stateOf(call.request.service);
        call.write({ status: state });
        if (closed) return void call.end();
        if (watchers.size === 0) timer = setInterval(look, LOOK_EVERY_MS).unref();
        watchers.set(call, state);
        call.once("cancelled", () => leave(call));
      },
    },
    close() {
      closed = true;
      look();
      for (const watcher of watchers.keys()) watcher.end();
      watchers.clear();
      clearInterval(timer);
    },
  };
};
