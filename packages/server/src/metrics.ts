/** Counters of this node in Prometheus' text format, by tenant (I7). Labels are bounded: type, agent, outcome. */
import type { CallRecord } from "@agentcore/core/bus";

const BUCKETS_MS = [1, 5, 10, 50, 100, 500, 1000, 5000] as const;
// Of one tenant. A label value a caller can choose must not make the page grow for ever.
const MAX_SERIES = 5_000;

interface Series {
  /** As the page has them. */
  readonly labels: string;
  count: number;
  sumMs: number;
  readonly buckets: number[];
}

type ReadTenant = (tenantId: string) => readonly (readonly [labels: string, value: number])[];

export class Metrics {
  private readonly calls = new Map<string, Map<string, Series>>();
  private readonly numbers = new Map<
    string,
    { readonly type: "gauge" | "counter"; readonly help: string; readonly read: () => number }
  >();

  private readonly tenantNumbers = new Map<
    string,
    { readonly type: "gauge" | "counter"; readonly help: string; readonly read: ReadTenant }
  >();

  gauge(name: string, help: string, read: () => number): void {
    this.numbers.set(name, { type: "gauge", help, read });
  }

  /** What only grows; `_total` is added to its name. */
  counter(name: string, help: string, read: () => number): void {
    this.numbers.set(`${name}_total`, { type: "counter", help, read });
  }

  /** By tenant; `read` gives the labels besides, and the number. */
  tenantGauge(name: string, help: string, read: ReadTenant): void {
    this.tenantNumbers.set(name, { type: "gauge", help, read });
  }

  /** What only grows; `_total` is added to its name. */
  tenantCounter(name: string, help: string, read: ReadTenant): void {
    this.tenantNumbers.set(`${name}_total`, { type: "counter", help, read });
  }

  readonly onCall = ({ tenantId, type, agent = "", outcome, durationMs }: CallRecord): void => {
    let calls = this.calls.get(tenantId);
    if (calls === undefined) this.calls.set(tenantId, (calls = new Map()));
    // Types and outcomes are words of ours.
    const key = `${type} ${outcome} ${agent}`;
    let series = calls.get(key);
    if (series === undefined) {
      if (calls.size >= MAX_SERIES) return;
      const labels = `tenant="${escape(tenantId)}",type="${type}",agent="${escape(agent)}",outcome="${outcome}"`;
      series = { labels, count: 0, sumMs: 0, buckets: BUCKETS_MS.map(() => 0) };
      calls.set(key, series);
    }
    series.count += 1;
    series.sumMs += durationMs;
    for (let index = 0; index < BUCKETS_MS.length; index++) {
      if (durationMs <= (BUCKETS_MS[index] ?? 0)) series.buckets[index] = (series.buckets[index] ?? 0) + 1;
    }
  };

  /** The calls and numbers of one tenant, and the numbers of the node, which say nothing of whose the work is. */
  render(tenantId: string): string {
    const lines = [
      "# HELP agentcore_bus_call_duration_milliseconds Calls through the bus.",
      "# TYPE agentcore_bus_call_duration_milliseconds histogram",
    ];
    for (const { labels, count, sumMs, buckets } of this.calls.get(tenantId)?.values() ?? []) {
      for (const [index, limit] of BUCKETS_MS.entries())
        lines.push(`agentcore_bus_call_duration_milliseconds_bucket{${labels},le="${limit}"} ${buckets[index]}`);
      lines.push(`agentcore_bus_call_duration_milliseconds_bucket{${labels},le="+Inf"} ${count}`);
      lines.push(
        `agentcore_bus_call_duration_milliseconds_sum{${labels}} ${sumMs}`,
        `agentcore_bus_call_duration_milliseconds_count{${labels}} ${count}`,
      );
    }
    for (const [name, { type, help, read }] of this.numbers)
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${read()}`);
    for (const [name, { type, help, read }] of this.tenantNumbers) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
      for (const [labels, value] of read(tenantId))
        lines.push(`${name}{tenant="${escape(tenantId)}"${labels === "" ? "" : `,${labels}`}} ${value}`);
    }
    return `${lines.join("\n")}\n`;
  }
}

const escape = (value: string): string => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
