/** Numbers of this node in Prometheus' text format, by tenant (I7). Labels are bounded: type, agent, outcome, model. */
import type { CallRecord } from "@agentcore/core/bus";

const BUCKETS_MS = [1, 5, 10, 50, 100, 500, 1000, 5000] as const;
// Of one tenant. A label value a caller can choose must not make the page grow for ever.
const MAX_SERIES = 5_000;

interface Series {
  /** As the page has them. */
  readonly labels: string;
  count: number;
  sum: number;
  readonly buckets: number[];
}

type Labels = Readonly<Record<string, string>>;
type ReadTenant = (tenantId: string) => readonly (readonly [labels: string, value: number])[];

/** Observations by tenant and labels. */
export interface Histogram {
  /** `key` tells series of the tenant apart; `labels` are asked for when it is new. */
  observe(tenantId: string, key: string, labels: () => Labels, value: number): void;
}

class TenantHistogram implements Histogram {
  readonly help: string;
  private readonly limits: readonly number[];
  private readonly tenants = new Map<string, Map<string, Series>>();

  constructor(help: string, limits: readonly number[]) {
    this.help = help;
    this.limits = limits;
  }

  observe(tenantId: string, key: string, labels: () => Labels, value: number): void {
    let known = this.tenants.get(tenantId);
    if (known === undefined) this.tenants.set(tenantId, (known = new Map()));
    let series = known.get(key);
    if (series === undefined) {
      if (known.size >= MAX_SERIES) return;
      const pairs = Object.entries({ tenant: tenantId, ...labels() });
      const text = pairs.map(([name, text]) => `${name}="${escape(text)}"`).join(",");
      series = { labels: text, count: 0, sum: 0, buckets: this.limits.map(() => 0) };
      known.set(key, series);
    }
    series.count += 1;
    series.sum += value;
    for (let index = 0; index < this.limits.length; index++) {
      if (value <= (this.limits[index] ?? 0)) series.buckets[index] = (series.buckets[index] ?? 0) + 1;
    }
  }

  render(name: string, tenantId: string): readonly string[] {
    const lines = [`# HELP ${name} ${this.help}`, `# TYPE ${name} histogram`];
    for (const { labels, count, sum, buckets } of this.tenants.get(tenantId)?.values() ?? []) {
      for (const [index, limit] of this.limits.entries())
        lines.push(`${name}_bucket{${labels},le="${limit}"} ${buckets[index]}`);
      lines.push(
        `${name}_bucket{${labels},le="+Inf"} ${count}`,
        `${name}_sum{${labels}} ${sum}`,
        `${name}_count{${labels}} ${count}`,
      );
    }
    return lines;
  }
}

export class Metrics {
  private readonly histograms = new Map<string, TenantHistogram>();
  private readonly calls = this.histogram(
    "agentcore_bus_call_duration_milliseconds",
    "Calls through the bus.",
    BUCKETS_MS,
  );
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

  /** `limits`: upper bounds of the buckets, ascending. At most 5,000 series of a tenant are kept. */
  histogram(name: string, help: string, limits: readonly number[]): Histogram {
    const histogram = new TenantHistogram(help, limits);
    this.histograms.set(name, histogram);
    return histogram;
  }

  readonly onCall = ({ tenantId, type, agent = "", outcome, durationMs }: CallRecord): void => {
    // Types and outcomes are words of ours.
    this.calls.observe(tenantId, `${type} ${outcome} ${agent}`, () => ({ type, agent, outcome }), durationMs);
  };

  /** The calls and numbers of one tenant, and the numbers of the node, which say nothing of whose the work is. */
  render(tenantId: string): string {
    const lines = [...this.histograms].flatMap(([name, histogram]) => histogram.render(name, tenantId));
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
