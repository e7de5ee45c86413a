import { SYSTEM_SKILLS } from "@agentcore/contract";
import type { AgentRecord } from "./agent-record.ts";
import { TopicIndex } from "./topic-index.ts";

const labelKey = (key: string, value: string): string => `${key}=${value}`;

/** The agents of one tenant and their indexes. There is no index above the tenant, so no look-up can cross it (I7). */
export class TenantAgents {
  /** Changes whenever a look-up could answer differently; unique across tenants and time. */
  version: number;
  readonly byName = new Map<string, AgentRecord>();
  readonly #bySkill = new Map<string, Set<AgentRecord>>();
  readonly #byLabel = new Map<string, Set<AgentRecord>>();
  readonly #topics = new TopicIndex<AgentRecord>();

  constructor(version: number) {
    this.version = version;
  }

  put(record: AgentRecord): void {
    this.delete(record.name);
    for (const pattern of record.subscribes) this.#topics.add(pattern, record);
    this.byName.set(record.name, record);
    for (const { id } of record.skills) {
      // What the platform answers nobody else gets, whatever an agent, or a card from elsewhere, says of itself.
      if (id.startsWith(SYSTEM_SKILLS) === (record.ofPlatform === true)) add(this.#bySkill, id, record);
    }
    for (const [key, value] of Object.entries(record.labels)) add(this.#byLabel, labelKey(key, value), record);
  }

  delete(name: string): AgentRecord | undefined {
    const record = this.byName.get(name);
    if (record === undefined) return undefined;
    this.byName.delete(name);
    for (const skill of record.skills) remove(this.#bySkill, skill.id, record);
    for (const [key, value] of Object.entries(record.labels)) remove(this.#byLabel, labelKey(key, value), record);
    for (const pattern of record.subscribes) this.#topics.delete(pattern, record);
    return record;
  }

  withSkill(skillId: string): AgentRecord[] {
    return [...(this.#bySkill.get(skillId) ?? [])];
  }

  /** Those that carry every pair. An empty selector matches nobody: a forgotten label must not address everyone. */
  withLabels(selector: Readonly<Record<string, string>>): AgentRecord[] {
    const sets: ReadonlySet<AgentRecord>[] = [];
    for (const [key, value] of Object.entries(selector)) {
      const set = this.#byLabel.get(labelKey(key, value));
      if (set === undefined) return [];
      sets.push(set);
    }
    const [smallest, ...others] = sets.toSorted((a, b) => a.size - b.size);
    if (smallest === undefined) return [];
    return [...smallest].filter((record) => others.every((set) => set.has(record)));
  }

  subscribersOf(topic: string): AgentRecord[] {
    return this.#topics.match(topic);
  }

  skillIds(): string[] {
    return [...this.#bySkill.keys()].filter((id) => !id.startsWith(SYSTEM_SKILLS));
  }
}

const add = (index: Map<string, Set<AgentRecord>>, key: string, record: AgentRecord): void => {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([record]));
  else set.add(record);
};

const remove = (index: Map<string, Set<AgentRecord>>, key: string, record: AgentRecord): void => {
  const set = index.get(key);
  if (set?.delete(record) === true && set.size === 0) index.delete(key);
};
