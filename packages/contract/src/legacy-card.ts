import type { AgentCard } from "./a2a.ts";

/** Members of protocol 0.3's card that 1.0 replaced. Their shape is the same in all of 0.3's forms. */
export interface LegacyCardMembers {
  readonly protocolVersion: string;
  readonly url: string;
  readonly preferredTransport: string;
  readonly additionalInterfaces: readonly { readonly url: string; readonly transport: string }[];
  readonly supportsAuthenticatedExtendedCard: boolean;
}

/** Null for a card without an interface of 0.3. The list has the preferred interface too, as 0.3 asks (5.6.2). */
export const legacyCardMembers = ({ supportedInterfaces, capabilities }: AgentCard): LegacyCardMembers | null => {
  const interfaces = supportedInterfaces
    .filter(({ protocolVersion }) => protocolVersion === "0.3")
    .map(({ url, protocolBinding }) => ({ url, transport: protocolBinding }));
  const [preferred] = interfaces;
  if (preferred === undefined) return null;
  return {
    protocolVersion: "0.3.0",
    url: preferred.url,
    preferredTransport: preferred.transport,
    additionalInterfaces: interfaces,
    supportsAuthenticatedExtendedCard: capabilities.extendedAgentCard === true,
  };
};
