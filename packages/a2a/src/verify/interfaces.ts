/** What a card says about where the agent is reached, and with what. */
import { PlatformError } from "@agentcore/contract/errors";
import { grpcUrl } from "../client/grpc-url.ts";
import { sendableHeaders } from "../client/sendable-headers.ts";
import type { InterfaceAddress } from "./channel.ts";
import { BINDINGS, type Binding, type ProtocolVersion } from "./check.ts";
import { isObject, type JsonObject, listAt, member, textAt } from "./json-values.ts";

/** Those of the bindings and versions that there are checks for, the first of each. `from`: where the card came from. */
export const interfacesOf = (card: JsonObject, plainCard: JsonObject, from: string): readonly InterfaceAddress[] => {
  const all = [
    ...listAt(card, "supportedInterfaces").flatMap((each) =>
      toAddress(each, "protocolBinding", textAt(each, "protocolVersion")),
    ),
    ...listAt(plainCard, "supportedInterfaces").flatMap((each) =>
      toAddress(each, "protocolBinding", textAt(each, "protocolVersion")),
    ),
    ...legacyInterfaces(plainCard),
  ];
  const isFirst = (address: InterfaceAddress, index: number): boolean =>
    all.findIndex(({ binding, version }) => binding === address.binding && version === address.version) === index;
  return all
    .filter(isFirst)
    .map((each) => (each.binding === "GRPC" ? { ...each, url: grpcUrl(each.url, from) } : each));
};

const legacyInterfaces = (card: JsonObject): readonly InterfaceAddress[] => {
  const version = textAt(card, "protocolVersion");
  return [
    ...toAddress({ url: card["url"], transport: card["preferredTransport"] ?? "JSONRPC" }, "transport", version),
    ...listAt(card, "additionalInterfaces").flatMap((each) => toAddress(each, "transport", version)),
  ];
};

const toAddress = (value: unknown, bindingMember: string, stated: string | undefined): readonly InterfaceAddress[] => {
  const url = textAt(value, "url");
  const binding = BINDINGS.find((each: Binding) => each === member(value, bindingMember));
  const version = toVersion(stated ?? "");
  if (url === undefined || binding === undefined || version === undefined) return [];
  const tenant = textAt(value, "tenant");
  return [{ url, binding, version, ...(tenant === undefined || tenant === "" ? {} : { tenant }) }];
};

const toVersion = (stated: string): ProtocolVersion | undefined => {
  if (/^1\.0(\.\d+)?$/.test(stated)) return "1.0";
  return /^0\.3(\.\d+)?$/.test(stated) ? "0.3" : undefined;
};

/** An address of gRPC may do without a scheme, or have its own. Undefined for what is no address. */
export const originOf = (address: string): string | undefined => {
  const url = URL.parse(/^\w+:\/\//.test(address) ? address.replace(/^grpc(s?):/i, "http$1:") : `http://${address}`);
  return url !== null && /^https?:$/.test(url.protocol) ? url.origin : undefined;
};

/** A card may point anywhere. Throws CONFIG_INVALID for an interface at another origin than these. */
export const expectOrigins = (interfaces: readonly { readonly url: string }[], allowed: readonly string[]): void => {
  const origins = new Set(interfaces.map(({ url }) => originOf(url) ?? url));
  const others = [...origins].filter((origin) => !allowed.includes(origin));
  if (others.length === 0) return;
  const options = others.map((origin) => `--credential-origin ${origin}`).join(" ");
  throw new PlatformError(
    "CONFIG_INVALID",
    `the card names interfaces at ${others.join(", ")}, and credentials go to ${allowed.join(", ")} only; if they may go there too, add ${options}`,
  );
};

export const hasCredentials = ({ bearer, apiKey }: Credentials): boolean =>
  bearer !== undefined || apiKey !== undefined;

export interface Credentials {
  readonly bearer?: string | undefined;
  readonly apiKey?: string | undefined;
}

/** Throws CONFIG_INVALID when the card does not say in which header an API key goes, and for what no header takes. */
export const credentialHeaders = (
  card: JsonObject,
  { bearer, apiKey }: Credentials,
): Readonly<Record<string, string>> =>
  sendableHeaders({
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    ...(apiKey === undefined ? {} : { [apiKeyHeader(card)]: apiKey }),
  });

const apiKeyHeader = (card: JsonObject): string => {
  const schemes = Object.values(isObject(card["securitySchemes"]) ? card["securitySchemes"] : {});
  for (const scheme of schemes) {
    const own = member(scheme, "apiKeySecurityScheme") ?? (member(scheme, "type") === "apiKey" ? scheme : undefined);
    const name = textAt(own, "name");
    if (name !== undefined && (member(own, "location") ?? member(own, "in")) === "header") return name.toLowerCase();
  }
  throw new PlatformError(
    "CONFIG_INVALID",
    "the card declares no API key in a header, so it is not known which header takes it",
  );
};
