/** A card that somebody else wrote, of either generation, as far as a client needs it; what it may leave out has a default here. */
import { type AgentSkill, PlatformError } from "@agentcore/contract";
import { z } from "zod";
import { grpcUrl } from "./grpc-url.ts";

export const BINDINGS = ["JSONRPC", "HTTP+JSON", "GRPC"] as const;
export type Binding = (typeof BINDINGS)[number];

export const PROTOCOL_VERSIONS = ["1.0", "0.3"] as const;
export type ProtocolVersion = (typeof PROTOCOL_VERSIONS)[number];

/** An address of the agent, as its card has it: the binding and the version may be none that we speak. */
export interface CardInterface {
  /** Of gRPC with https or http before it, which say whether it is TLS. */
  readonly url: string;
  readonly binding: string;
  /** Major and minor only. */
  readonly version: string;
  readonly tenant?: string | undefined;
}

export interface ForeignCard {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly interfaces: readonly CardInterface[];
  readonly streaming: boolean;
  /** URIs of the extensions it declares. */
  readonly extensions: readonly string[];
  readonly skills: readonly AgentSkill[];
  /** Media types; undefined: it does not say. */
  readonly inputModes?: readonly string[] | undefined;
  readonly outputModes?: readonly string[] | undefined;
  /** Where OAuth client credentials are exchanged, if it says so. */
  readonly tokenUrl?: string | undefined;
  /** As it came: what a signature is over. */
  readonly raw: Readonly<Record<string, unknown>>;
}

const Text = z.string().max(65_536).catch("");
const Texts = z.array(z.string()).max(100).optional().catch(undefined);

const Skill = z.object({
  id: z.string().min(1).max(256),
  name: z.string().min(1),
  description: Text,
  tags: z.array(z.string()).max(100).catch([]),
  examples: Texts,
  inputModes: Texts,
  outputModes: Texts,
});

const Flows = z.object({ clientCredentials: z.object({ tokenUrl: z.string() }) });
/** 1.0 names the kind by the member, 0.3 by `type`. */
const OAuthScheme = z.union([
  z.object({ oauth2SecurityScheme: z.object({ flows: Flows }) }).transform((scheme) => scheme.oauth2SecurityScheme),
  z.object({ type: z.literal("oauth2"), flows: Flows }),
]);

const Common = z.object({
  name: z.string().min(1).max(1024),
  description: Text,
  version: Text,
  capabilities: z
    .object({
      streaming: z.boolean().optional().catch(undefined),
      extensions: z
        .array(z.object({ uri: z.string() }))
        .max(1000)
        .optional()
        .catch(undefined),
    })
    .catch({}),
  // One that cannot be read is left out; the others are worth having.
  skills: z.array(z.unknown()).max(1000).catch([]),
  securitySchemes: z.record(z.string(), z.unknown()).catch({}),
  defaultInputModes: Texts,
  defaultOutputModes: Texts,
});

const Url = z.string().min(1).max(8192);
const MAX_INTERFACES = 100;

const Current = z.object({
  supportedInterfaces: z
    .array(
      z.object({
        url: Url,
        protocolBinding: z.string(),
        protocolVersion: z.string(),
        tenant: z.string().max(256).optional(),
      }),
    )
    .min(1)
    .max(MAX_INTERFACES),
});

const Legacy = z.object({
  url: Url,
  protocolVersion: z.string().default("0.3"),
  preferredTransport: z.string().default("JSONRPC"),
  additionalInterfaces: z
    .array(z.object({ url: Url, transport: z.string() }))
    .max(MAX_INTERFACES)
    .catch([]),
});

/** Throws INVALID_AGENT_RESPONSE, saying what is missing. */
export const readForeignCard = (json: unknown, from: string): ForeignCard => {
  const common = Common.safeParse(json);
  if (!common.success) throw notACard(from, "a JSON object with a name");
  const interfaces = readInterfaces(json)?.map((each) =>
    each.binding === "GRPC" ? { ...each, url: grpcUrl(each.url, from) } : each,
  );
  if (interfaces === undefined) throw notACard(from, "supportedInterfaces (1.0) or url (0.3)");
  const { name, description, version, capabilities, skills, securitySchemes } = common.data;
  const { defaultInputModes: inputModes, defaultOutputModes: outputModes } = common.data;
  const tokenUrl = Object.values(securitySchemes).flatMap((scheme) => {
    const oauth = OAuthScheme.safeParse(scheme);
    return oauth.success ? [oauth.data.flows.clientCredentials.tokenUrl] : [];
  })[0];
  return {
    ...{ name, description, version, interfaces, inputModes, outputModes },
    streaming: capabilities.streaming === true,
    extensions: (capabilities.extensions ?? []).map(({ uri }) => uri),
    skills: readSkills(skills),
    ...(tokenUrl === undefined ? {} : { tokenUrl }),
    raw: json as Readonly<Record<string, unknown>>,
  };
};

/** Those that can be read, the first of each id. */
const readSkills = (skills: readonly unknown[]): readonly AgentSkill[] => {
  const byId = new Map<string, AgentSkill>();
  for (const skill of skills) {
    const read = Skill.safeParse(skill);
    if (read.success && !byId.has(read.data.id)) byId.set(read.data.id, read.data);
  }
  return [...byId.values()];
};

/** Of both generations: a card that both can read may name in the older form what it does not in the newer one. */
const readInterfaces = (json: unknown): readonly CardInterface[] | null => {
  const current = readCurrent(json);
  const isNew = ({ url, binding, version }: CardInterface): boolean =>
    !current.some((each) => each.url === url && each.binding === binding && each.version === version);
  const all = [...current, ...readLegacy(json).filter(isNew)];
  return all.length === 0 ? null : all;
};

const readCurrent = (json: unknown): readonly CardInterface[] => {
  const current = Current.safeParse(json);
  if (!current.success) return [];
  return current.data.supportedInterfaces.map(({ url, protocolBinding, protocolVersion, tenant }) => ({
    ...{ url, binding: protocolBinding.toUpperCase(), version: majorMinor(protocolVersion) },
    ...(tenant === undefined || tenant === "" ? {} : { tenant }),
  }));
};

const readLegacy = (json: unknown): readonly CardInterface[] => {
  const legacy = Legacy.safeParse(json);
  if (!legacy.success) return [];
  const { url, protocolVersion, preferredTransport, additionalInterfaces } = legacy.data;
  const all = [{ url, transport: preferredTransport }, ...additionalInterfaces];
  return all.map((each) => ({
    url: each.url,
    binding: each.transport.toUpperCase(),
    version: majorMinor(protocolVersion),
  }));
};

/** A patch part says nothing about the wire (A2A 3.6). */
const majorMinor = (version: string): string => version.trim().split(".").slice(0, 2).join(".");

const notACard = (from: string, expected: string): PlatformError =>
  new PlatformError("INVALID_AGENT_RESPONSE", `${from} holds no agent card: expected ${expected}`);
