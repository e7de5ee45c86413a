import type { Benchmark } from "../benchmark.ts";
import { CONNECTIONS, runModelGateways } from "../model-gateways.ts";

export const benchmark: Benchmark = {
  name: "model-gateway-p99",
  what: `99th percentile of a chat completion through the node's door at ${CONNECTIONS} connections, against Portkey's gateway, before the same provider`,
  unit: "ms",
  floor: { of: "ratio", atMost: 0.7 },
  run: () => runModelGateways(benchmark, "p99"),
};
