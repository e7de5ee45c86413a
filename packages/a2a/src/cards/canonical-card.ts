/**
 * The form of a card that is signed: canonical JSON of what the protocol's data model says of it, so that two spellings of one card have
 * one signature. Source: A2A 1.0.1, 8.4.1, and the proto file on which fields are REQUIRED or `optional`.
 */
import { PlatformError } from "@agentcore/contract/errors";
import { canonicalJson } from "./canonical-json.ts";

/**
 * - `required`: always there; what is missing has its default, since the data model knows no difference between the two.
 * - `optional`: there when it was set, also to its default. Messages are like that by nature.
 * - `plain`: there unless it has its default ("", false, [], {}).
 */
type Presence = "required" | "optional" | "plain";

interface Field {
  readonly presence: Presence;
  /** Of what: plain texts and booleans, any JSON, or a message with fields of its own. */
  readonly of: "scalar" | "json" | Fields;
  readonly in?: "list" | "map" | undefined;
}

type Fields = Readonly<Record<string, Field>>;

const required: Field = { presence: "required", of: "scalar" };
const optional: Field = { presence: "optional", of: "scalar" };
const plain: Field = { presence: "plain", of: "scalar" };
const json: Field = { presence: "optional", of: "json" };
const message = (of: Fields): Field => ({ presence: "optional", of });
const list = (presence: Presence, of: Field["of"] = "scalar"): Field => ({ presence, of, in: "list" });
const map = (presence: Presence, of: Field["of"] = "scalar"): Field => ({ presence, of, in: "map" });

const REQUIREMENT: Fields = { schemes: map("plain", { list: list("plain") }) };

const FLOWS: Fields = {
  authorizationCode: message({
    authorizationUrl: required,
    tokenUrl: required,
    refreshUrl: plain,
    scopes: map("required"),
    pkceRequired: plain,
  }),
  clientCredentials: message({ tokenUrl: required, refreshUrl: plain, scopes: map("required") }),
  implicit: message({ authorizationUrl: plain, refreshUrl: plain, scopes: map("plain") }),
  password: message({ tokenUrl: plain, refreshUrl: plain, scopes: map("plain") }),
  deviceCode: message({
    deviceAuthorizationUrl: required,
    tokenUrl: required,
    refreshUrl: plain,
    scopes: map("required"),
  }),
};

const SCHEME: Fields = {
  apiKeySecurityScheme: message({ description: plain, location: required, name: required }),
  httpAuthSecurityScheme: message({ description: plain, scheme: required, bearerFormat: plain }),
  oauth2SecurityScheme: message({ description: plain, flows: message(FLOWS), oauth2MetadataUrl: plain }),
  openIdConnectSecurityScheme: message({ description: plain, openIdConnectUrl: required }),
  mtlsSecurityScheme: message({ description: plain }),
};

/** Every field that a signature covers; `signatures` itself is not among them. */
const CARD: Fields = {
  name: required,
  description: required,
  supportedInterfaces: list("required", {
    url: required,
    protocolBinding: required,
    tenant: plain,
    protocolVersion: required,
  }),
  provider: message({ url: required, organization: required }),
  version: required,
  documentationUrl: optional,
  capabilities: message({
    streaming: optional,
    pushNotifications: optional,
    extensions: list("plain", { uri: plain, description: plain, required: plain, params: json }),
    extendedAgentCard: optional,
  }),
  securitySchemes: map("plain", SCHEME),
  securityRequirements: list("plain", REQUIREMENT),
  defaultInputModes: list("required"),
  defaultOutputModes: list("required"),
  skills: list("required", {
    id: required,
    name: required,
    description: required,
    tags: list("required"),
    examples: list("plain"),
    inputModes: list("plain"),
    outputModes: list("plain"),
    securityRequirements: list("plain", REQUIREMENT),
  }),
  iconUrl: optional,
};

export interface CanonicalCardOptions {
  /**
   * Members that A2A 1.0 does not know stay as they are: 0.3's in a card for both versions, and those of versions to come.
   * @default false: they are left out
   */
  readonly keepUnknown?: boolean | undefined;
}

/** Takes a card as it came over the wire. Throws INVALID_ARGUMENT when a field has another shape than A2A 1.0 gives it. */
export const canonicalCard = (card: unknown, { keepUnknown = false }: CanonicalCardOptions = {}): string => {
  const { signatures: _, ...rest } = recordOf(card, "");
  return canonicalJson(messageOf(rest, CARD, "", keepUnknown));
};

/**
 * The form that the SDKs for JavaScript and Python sign and check: without whatever is empty, also where the protocol keeps it. To read
 * their signatures, never to sign: it leaves out requirements without scopes. Throws INVALID_ARGUMENT as `canonicalCard` does.
 */
export const sdkCanonicalCard = (card: unknown): string =>
  canonicalJson(withoutEmpty(JSON.parse(canonicalCard(card))) ?? {});

const withoutEmpty = (value: unknown): unknown => {
  if (value === "" || value === null) return undefined;
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) {
    const items = value.map(withoutEmpty).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  const members = Object.entries(value)
    .map(([name, member]) => [name, withoutEmpty(member)] as const)
    .filter(([, member]) => member !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
};

const messageOf = (value: unknown, fields: Fields, path: string, keepUnknown: boolean): Record<string, unknown> => {
  const given = recordOf(value, path);
  const kept: [string, unknown][] = [];
  for (const [name, field] of Object.entries(fields)) {
    const member = Object.hasOwn(given, name) ? fieldOf(given[name], field, at(path, name), keepUnknown) : undefined;
    const present = member ?? (field.presence === "required" ? defaultOf(field) : undefined);
    if (present !== undefined) kept.push([name, present]);
  }
  if (keepUnknown)
    for (const [name, member] of Object.entries(given))
      if (!Object.hasOwn(fields, name) && member !== undefined) kept.push([name, member]);
  return Object.fromEntries(kept);
};

/** Undefined for what has to go. Null is ProtoJSON for not set. */
const fieldOf = (value: unknown, field: Field, path: string, keepUnknown: boolean): unknown => {
  if (value === null || value === undefined) return undefined;
  const one = (item: unknown, itemPath: string): unknown => {
    if (field.of === "json") return item;
    if (field.of !== "scalar") return messageOf(item, field.of, itemPath, keepUnknown);
    if (typeof item === "object") throw refuse(itemPath, "expected a text or a boolean");
    return item;
  };
  if (field.in === "list") {
    if (!Array.isArray(value)) throw refuse(path, "expected an array");
    const items = value.map((item, index) => one(item, `${path}[${index}]`));
    return items.length === 0 && field.presence === "plain" ? undefined : items;
  }
  if (field.in === "map") {
    const members = Object.entries(recordOf(value, path)).map(([name, item]) => [name, one(item, at(path, name))]);
    return members.length === 0 && field.presence === "plain" ? undefined : Object.fromEntries(members);
  }
  const item = one(value, path);
  return field.presence === "plain" && (item === "" || item === false || item === 0) ? undefined : item;
};

const defaultOf = (field: Field): unknown => (field.in === "list" ? [] : field.in === "map" ? {} : "");

const at = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

const recordOf = (value: unknown, path: string): Readonly<Record<string, unknown>> => {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refuse(path, "expected an object");
};

const refuse = (path: string, why: string) =>
  new PlatformError("INVALID_ARGUMENT", `the agent card is none: ${path === "" ? "" : `${path}: `}${why}`, {
    violations: [{ field: path, description: why }],
  });
