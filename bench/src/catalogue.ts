import { readdirSync } from "node:fs";
import type { Benchmark } from "./benchmark.ts";

/** In the order of the table in README.md. */
const NAMES = [
  "routed-query",
  "need-discovery",
  "durable-steps",
  "durable-steps-lost",
  "durable-steps-direct-sql",
  "durable-step-sequence",
  "send-message",
  "send-message-steps",
  "stream-events",
  "model-gateway-throughput",
  "model-gateway-p99",
  "reports-taken",
  "model-call-added-time",
  "model-call-share",
  "agent-loop-added-time",
  "agent-loop-share",
  "agent-loop-langgraph",
  "agents-under-way-memory",
  "idle-subscribers-memory",
  "start-up",
  "idle-memory",
  "sdk-import",
  "install-size",
  "waiting-tasks-memory",
  "memory-recall",
  "memory-write",
  "restart",
  "slow-disk",
  "guardrails",
  "failure-modes",
  "workflow-throughput",
  "workflow-serial",
  "workflow-growth",
  "postgres-durable-steps",
  "postgres-durable-steps-langgraph",
  "postgres-durable-step-sequence",
  "postgres-bytes-per-step",
  "postgres-bytes-per-step-langgraph",
  "postgres-wal-bytes-per-step",
  "postgres-wal-bytes-per-step-langgraph",
  "postgres-claim-depth",
  "postgres-claim-depth-not-due",
];

export const benchmarkNames = (): readonly string[] => {
  const files = readdirSync(new URL("benchmarks/", import.meta.url)).map((file) => file.replace(/\.ts$/, ""));
  return [...NAMES.filter((name) => files.includes(name)), ...files.filter((name) => !NAMES.includes(name))];
};

export const loadBenchmark = async (name: string): Promise<Benchmark> => {
  const module = (await import(new URL(`benchmarks/${name}.ts`, import.meta.url).href)) as { benchmark: Benchmark };
  return module.benchmark;
};
