/** What machines local models need. Source: "Hardware" and "Cluster plan" of docs/models.md. */

export const AGENT_KINDS = ["research", "analysis", "writing"] as const;
export type AgentKind = (typeof AGENT_KINDS)[number];

interface Needs {
  /** Of the model, in billions of parameters. */
  readonly model: string;
  readonly minimumRamGb: number;
  readonly recommendedRamGb: number;
  readonly vramGb: number;
  readonly cores: number;
  /** Answers that one agent's model works on at once. */
  readonly atOnce: number;
}

export const NEEDS: Readonly<Record<AgentKind, Needs>> = {
  research: { model: "7-8b", minimumRamGb: 16, recommendedRamGb: 32, vramGb: 8, cores: 8, atOnce: 2 },
  analysis: { model: "32-70b", minimumRamGb: 64, recommendedRamGb: 128, vramGb: 24, cores: 16, atOnce: 1 },
  writing: { model: "7-8b", minimumRamGb: 8, recommendedRamGb: 16, vramGb: 6, cores: 4, atOnce: 4 },
};

export const RAM_GB_OF_NODE = 64;
export const USD_PER_RAM_GB = 0.05;
export const USD_PER_VRAM_GB = 0.15;

export interface HardwareRequest {
  /** Whole numbers from 0. */
  readonly agents: Readonly<Record<AgentKind, number>>;
  /** Machines with a graphics card, each of which holds a model of every kind that is asked for. @default as many as nodes */
  readonly hosts?: number | undefined;
}

export interface HardwarePlan {
  readonly agents: readonly (Needs & { readonly kind: AgentKind; readonly agents: number })[];
  /** Least and recommended, all nodes together. */
  readonly minimumRamGb: number;
  readonly ramGb: number;
  readonly vramGb: number;
  readonly cores: number;
  readonly nodes: number;
  readonly hosts: number;
  readonly atOnce: number;
  readonly monthlyUsd: number;
}

/** RAM, cores and answers at once are sums over agents, video memory is that of each kind's model on every host. */
export const planHardware = ({ agents, hosts }: HardwareRequest): HardwarePlan => {
  const asked = AGENT_KINDS.flatMap((kind) =>
    agents[kind] > 0 ? [{ kind, agents: agents[kind], ...NEEDS[kind] }] : [],
  );
  const sum = (of: (needs: (typeof asked)[number]) => number): number =>
    asked.reduce((total, needs) => total + of(needs), 0);
  const ramGb = sum((needs) => needs.recommendedRamGb * needs.agents);
  const nodes = Math.max(1, Math.ceil(ramGb / RAM_GB_OF_NODE));
  const withCard = hosts ?? nodes;
  const vramGb = sum((needs) => needs.vramGb) * withCard;
  return {
    agents: asked,
    ...{ minimumRamGb: sum((needs) => needs.minimumRamGb * needs.agents), ramGb, vramGb },
    cores: sum((needs) => needs.cores * needs.agents),
    ...{ nodes, hosts: withCard },
    atOnce: sum((needs) => needs.atOnce * needs.agents),
    // In cents, else 0.1 + 0.2 is seen.
    monthlyUsd: Math.round(100 * (USD_PER_RAM_GB * ramGb + USD_PER_VRAM_GB * vramGb)) / 100,
  };
};
