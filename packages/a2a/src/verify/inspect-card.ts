/** One card: fetched, and held against the form that its generation has. */
import { PlatformError } from "@agentcore/contract/errors";
import type { ProtocolVersion } from "./check.ts";
import { Finding } from "./check.ts";
import { createHttpExchange, type Fetch } from "./http-exchange.ts";
import { createHttpJsonChannel } from "./http-json-channel.ts";
import { type Credentials, credentialHeaders, expectOrigins, hasCredentials, interfacesOf } from "./interfaces.ts";
import { createJsonRpcChannel } from "./json-rpc-channel.ts";
import { isObject, type JsonObject, shown } from "./json-values.ts";
import { describeReply } from "./wire-errors.ts";
import { CardShape, expectShape, LegacyCardShape } from "./wire-shapes.ts";

export interface InspectOptions {
  /** Of the agent, or of its card. */
  readonly url: string;
  /** The generation to ask for. @default 1.0 */
  readonly version?: ProtocolVersion | undefined;
  /** Whether to ask the agent for the card that it shows to whom it knows. @default false */
  readonly extended?: boolean | undefined;
  readonly credentials?: Credentials | undefined;
  /** Where credentials may go besides the origin of `url`. @default none */
  readonly credentialOrigins?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** Of all of it. @default 15,000 */
  readonly timeoutMs?: number | undefined;
  readonly fetch?: Fetch | undefined;
}

export interface InspectedCard {
  readonly url: string;
  /** As it came. */
  readonly card: JsonObject;
  /** What it should have or not have. */
  readonly violations: string | undefined;
}

const CARD_PATH = "/.well-known/agent-card.json";

export const cardUrlOf = (given: string): string => {
  const url = new URL(given);
  return url.pathname.endsWith(".json") ? url.href : `${url.origin}${url.pathname.replace(/\/+$/, "")}${CARD_PATH}`;
};

/** Throws UNAVAILABLE when nothing answers, NOT_FOUND when there is no card, UPSTREAM_FAILED when an extended one is refused, CONFIG_INVALID for credentials that may not go there. */
export const inspectCard = async (options: InspectOptions): Promise<InspectedCard> => {
  const { version = "1.0", fetch: fetchRequest = (request: Request) => fetch(request) } = options;
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs ?? 15_000)]);
  const exchange = createHttpExchange(fetchRequest, signal);
  const url = cardUrlOf(options.url);
  const answer = await exchange
    .request({ url, headers: version === "0.3" ? {} : { "a2a-version": version } })
    .catch((cause: unknown) => {
      options.signal.throwIfAborted();
      throw new PlatformError("UNAVAILABLE", `nothing answers at ${url}`, { cause });
    });
  if (answer.status !== 200 || !isObject(answer.json))
    throw new PlatformError("NOT_FOUND", `there is no card at ${url}: HTTP ${answer.status} ${shown(answer.text)}`);
  if (options.extended !== true) return { url, card: answer.json, violations: violationsOf(answer.json, version) };
  const address =
    interfacesOf(answer.json, answer.json, url).find((each) => each.version === "1.0" && each.binding !== "GRPC") ??
    refuse("the card names no interface of 1.0 over HTTP to ask for the extended card");
  if (hasCredentials(options.credentials ?? {}))
    expectOrigins([address], [new URL(url).origin, ...(options.credentialOrigins ?? [])]);
  const channelOptions = {
    credentials: credentialHeaders(answer.json, options.credentials ?? {}),
    requiredExtensions: [],
  };
  const create = address.binding === "JSONRPC" ? createJsonRpcChannel : createHttpJsonChannel;
  const reply = await create(address, exchange, channelOptions)
    .call("GetExtendedAgentCard", {})
    .catch((cause: unknown) => {
      options.signal.throwIfAborted();
      return refuse(`the agent shows no extended card: ${cause instanceof Error ? cause.message : String(cause)}`);
    });
  const card = isObject(reply.result)
    ? reply.result
    : refuse(`the agent shows no extended card: ${describeReply(reply)}`);
  return { url: address.url, card, violations: violationsOf(card, "1.0") };
};

const refuse = (message: string): never => {
  throw new PlatformError("UPSTREAM_FAILED", message);
};

const violationsOf = (card: JsonObject, version: ProtocolVersion): string | undefined => {
  try {
    expectShape(version === "1.0" ? CardShape : LegacyCardShape, card, "the card");
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Finding) return thrown.seen;
    throw thrown;
  }
};
