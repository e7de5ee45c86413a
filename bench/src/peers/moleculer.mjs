import { ServiceBroker } from "moleculer";

/** A broker with everything on that the bus does as well; returns the call to measure. */
export const startMoleculer = async () => {
  const broker = new ServiceBroker({
    logger: false,
    validator: true,
    metrics: true,
    tracing: { enabled: true, exporter: [] },
    circuitBreaker: { enabled: true },
    bulkhead: { enabled: true, concurrency: 100, maxQueueSize: 200 },
    retryPolicy: { enabled: true, retries: 3 },
    requestTimeout: 30_000,
  });
  broker.createService({
    name: "sum",
    actions: { add: { params: { a: "number", b: "number" }, handler: ({ params }) => ({ sum: params.a + params.b }) } },
  });
  await broker.start();
  return { call: (params) => broker.call("sum.add", params), stop: () => broker.stop() };
};
