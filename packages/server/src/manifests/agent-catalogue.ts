import type { AgentSkill, AnyAgentManifest } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { deriveJsonSchema } from "@agentcore/sdk/json-schema";
import type { AgentDescription, AgentDirectory } from "../gateway/deps/agents.ts";
import type { RemoteStatus } from "../remote/remote-agents.ts";

interface Entry {
  readonly definition: AgentDefinition;
  readonly revision: string;
  readonly replicas: number;
  readonly description: string;
  readonly skills: readonly AgentSkill[];
  readonly spec: Pick<AnyAgentManifest["spec"], "extensions" | "a2a" | "mcp"> & {
    /** Of a workflow in YAML. */
    readonly input?: Readonly<Record<string, unknown>> | undefined;
  };
  /** Of an agent of another platform. */
  readonly status: RemoteStatus | null;
}

/** What front doors show of the agents that are applied, by tenant. */
export class AgentCatalogue implements AgentDirectory {
  private readonly tenants = new Map<string, Map<string, AgentDescription>>();
  private readonly listeners: ((tenantId: string) => void)[] = [];

  set(tenantId: string, entry: Entry): void {
    const { definition, revision, replicas, description, skills, spec, status } = entry;
    const agents = this.tenants.get(tenantId) ?? new Map<string, AgentDescription>();
    this.tenants.set(tenantId, agents);
    const { name, labels } = definition;
    const version = status?.card?.version || definition.version;
    agents.set(name, {
      name,
      description: withLimits(description, definition.profile?.doesNot),
      version,
      skills,
      revision,
      labels,
      profile: definition.profile,
      extensions: spec.extensions,
      a2aVersions: spec.a2a?.versions,
      extendedCard: spec.a2a?.extendedCard,
      scopes: spec.a2a?.scopes,
      replicas,
      mcp: spec.mcp,
      inputJsonSchema: spec.input === undefined ? schemaOnce(definition) : () => spec.input,
      takesTasks: definition.run !== undefined || definition.workflow !== undefined,
      idempotent: definition.idempotent,
      state: replicas > 0 ? (status?.state ?? "ready") : "scaled-to-zero",
      ...(definition.workflow === undefined ? {} : { nodes: Object.keys(definition.workflow.graph.nodes).length }),
      ...(status?.reason === undefined ? {} : { reason: status.reason }),
      ...(status === null ? {} : { inputModes: status.card?.inputModes, outputModes: status.card?.outputModes }),
    });
    this.tell(tenantId);
  }

  delete(tenantId: string, name: string): void {
    if (this.tenants.get(tenantId)?.delete(name) === true) this.tell(tenantId);
  }

  watch(listener: (tenantId: string) => void): void {
    this.listeners.push(listener);
  }

  private tell(tenantId: string): void {
    for (const listener of this.listeners) listener(tenantId);
  }

  tenantIds(): readonly string[] {
    return [...this.tenants.keys()];
  }

  list(tenantId: string): readonly AgentDescription[] {
    return [...(this.tenants.get(tenantId)?.values() ?? [])].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(tenantId: string, name: string): AgentDescription | null {
    return this.tenants.get(tenantId)?.get(name) ?? null;
  }
}

/** Here and not in the registry: an agent that says "does not send mail" would be found by whoever wants mail sent. */
const withLimits = (description: string, doesNot: readonly string[] = []): string =>
  doesNot.length === 0
    ? description
    : `${description}${/[.!?]$/.test(description) ? "" : "."} Does not: ${doesNot.join("; ")}.`;

/** Made when somebody asks: few nodes' agents are ever shown so. */
const schemaOnce = ({ input }: AgentDefinition): AgentDescription["inputJsonSchema"] => {
  let made: { readonly schema: Readonly<Record<string, unknown>> | undefined } | null = null;
  return () => {
    made ??= { schema: input === undefined ? undefined : schemaOf(input) };
    return made.schema;
  };
};

const schemaOf = (input: NonNullable<AgentDefinition["input"]>): Readonly<Record<string, unknown>> | undefined => {
  try {
    return deriveJsonSchema(input);
  } catch {
    // JSON has no words for it.
    return undefined;
  }
};
