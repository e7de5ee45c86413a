import type { Benchmark } from "../benchmark.ts";
import { CONNECTIONS, runModelGateways } from "../model-gateways.ts";

export const benchmark: Benchmark = {
  name: "model-gateway-throughput",
  what: `chat completions/s through the node's door at ${CONNECTIONS} connections, usage durable, against Portkey's gateway, before the same provider`,
  unit: "requests/s",
  floor: { of: "ratio", atLeast: 1.5 },
  run: () => runModelGateways(benchmark, "perSecond"),
};
