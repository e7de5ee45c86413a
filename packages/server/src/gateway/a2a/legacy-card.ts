/**
 * The card that clients of both versions read: 1.0's, with 0.3's members beside. Where both versions have a member of one name
 * but of other shape, its value has the members of both: readers of either take what they know.
 */
import { type AgentCard, type LegacyCardMembers, legacyCardMembers } from "@agentcore/contract";

type Json = Readonly<Record<string, unknown>>;

export type HybridCard = AgentCard &
  LegacyCardMembers & { readonly security?: readonly Readonly<Record<string, readonly string[]>>[] };

/** A card without an interface of 0.3 stays as it is. */
export const toHybridCard = (card: AgentCard): AgentCard | HybridCard => {
  const members = legacyCardMembers(card);
  if (members === null) return card;
  const { securitySchemes, securityRequirements } = card;
  return {
    ...card,
    ...members,
    ...(securitySchemes === undefined
      ? {}
      : {
          securitySchemes: mapValues(securitySchemes, (scheme) => ({
            ...legacyScheme(scheme as Json),
            ...(scheme as Json),
          })),
        }),
    ...(securityRequirements === undefined ? {} : { security: securityRequirements.map(legacyRequirement) }),
  };
};

/** The scheme as OpenAPI writes it, which 0.3 follows; empty for one that 0.3 does not know. */
const legacyScheme = (scheme: Json): Json => {
  const [kind, value] = Object.entries(scheme)[0] ?? [];
  const { location, flows, ...rest } = (value ?? {}) as Json;
  switch (kind) {
    case "apiKeySecurityScheme":
      return { type: "apiKey", in: location, ...rest };
    case "httpAuthSecurityScheme":
      return { type: "http", ...rest };
    case "oauth2SecurityScheme": {
      const { deviceCode: _, ...known } = (flows ?? {}) as Json;
      return { type: "oauth2", flows: known, ...rest };
    }
    case "openIdConnectSecurityScheme":
      return { type: "openIdConnect", ...rest };
    case "mtlsSecurityScheme":
      return { type: "mutualTLS", ...rest };
    default:
      return {};
  }
};

interface Requirement {
  readonly schemes?: Readonly<Record<string, { readonly list?: readonly string[] }>>;
}

// ProtoJSON leaves out empty lists.
const legacyRequirement = (requirement: unknown) =>
  mapValues((requirement as Requirement).schemes ?? {}, ({ list }) => list ?? []);

const mapValues = <Value, Result>(record: Readonly<Record<string, Value>>, change: (value: Value) => Result) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
