/** A card of 1.0 as the JSON form of 0.3's proto file has it: the same schemes and requirements under other names. */
import { AgentCard, legacyCardMembers } from "@agentcore/contract";

export const toRestCard = (json: unknown) => {
  const card = AgentCard.parse(json);
  const { supportedInterfaces: _, securityRequirements: security, capabilities, ...rest } = card;
  const { extendedAgentCard: __, ...legacyCapabilities } = capabilities;
  return {
    ...rest,
    ...legacyCardMembers(card),
    capabilities: legacyCapabilities,
    ...(security === undefined ? {} : { security }),
  };
};
