import { PlatformError } from "@agentcore/contract";
import {
  BINDINGS,
  type Binding,
  type CardInterface,
  type ForeignCard,
  PROTOCOL_VERSIONS,
  type ProtocolVersion,
} from "./foreign-card.ts";

/** An address that we speak to. */
export interface AgentInterface {
  readonly url: string;
  readonly binding: Binding;
  readonly version: ProtocolVersion;
  readonly tenant?: string | undefined;
}

export interface InterfacePolicy {
  /** @default ["1.0", "0.3"] */
  readonly versions?: readonly ProtocolVersion[] | undefined;
  /** GRPC counts in version 1.0 only. @default ["JSONRPC", "HTTP+JSON", "GRPC"] */
  readonly bindings?: readonly Binding[] | undefined;
  /** Why an address may not be called; a card may point anywhere. @default all may */
  readonly refuse?: ((candidate: AgentInterface) => string | undefined) | undefined;
}

/** The best of a card's interfaces: by version, then by binding, in the policy's order. Throws VERSION_NOT_SUPPORTED, CONFIG_INVALID. */
export const chooseInterface = (card: ForeignCard, policy: InterfacePolicy = {}): AgentInterface => {
  const { versions = PROTOCOL_VERSIONS, bindings = BINDINGS, refuse } = policy;
  const spoken = versions.flatMap((version) =>
    bindings.flatMap((binding) =>
      card.interfaces.flatMap((candidate) =>
        candidate.version === version && candidate.binding === binding && isSpoken({ version, binding })
          ? [{ ...candidate, version, binding }]
          : [],
      ),
    ),
  );
  if (spoken.length === 0)
    throw new PlatformError(
      "VERSION_NOT_SUPPORTED",
      `agent "${card.name}" offers ${offers(card.interfaces)}; expected one of ${bindings.join(", ")} in version ${versions.join(" or ")}`,
    );
  const refused: string[] = [];
  for (const candidate of spoken) {
    const why = refuse?.(candidate);
    if (why === undefined) return candidate;
    refused.push(`${candidate.binding} ${candidate.version}: ${why}`);
  }
  throw new PlatformError(
    "CONFIG_INVALID",
    `no interface of agent "${card.name}" may be called: ${[...new Set(refused)].join("; ")}`,
  );
};

/** gRPC of 0.3 is a service of another name and other messages, and agents that have it have JSON-RPC. */
const isSpoken = ({ version, binding }: Pick<AgentInterface, "version" | "binding">): boolean =>
  binding !== "GRPC" || version === "1.0";

const MAX_SHOWN = 10;

const offers = (interfaces: readonly CardInterface[]): string =>
  [...new Set(interfaces.map(({ binding, version }) => `${binding} ${version}`))].slice(0, MAX_SHOWN).join(", ");
