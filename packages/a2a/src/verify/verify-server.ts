/** Runs the checks against one server, one after the other. */
import { PlatformError } from "@agentcore/contract/errors";
import { ALL_CHECKS } from "./all-checks.ts";
import type { Channel, ChannelOptions, InterfaceAddress } from "./channel.ts";
import type { Binding, Check, Outcome, ProtocolVersion, Severity } from "./check.ts";
import { createGrpcChannel } from "./grpc-channel.ts";
import { createHttpExchange, type Fetch, type HttpExchange } from "./http-exchange.ts";
import { createHttpJsonChannel } from "./http-json-channel.ts";
import { cardUrlOf } from "./inspect-card.ts";
import { type Credentials, credentialHeaders, expectOrigins, hasCredentials, interfacesOf } from "./interfaces.ts";
import { createJsonRpcChannel } from "./json-rpc-channel.ts";
import { isObject, listAt, member, textAt } from "./json-values.ts";
import type { PushReceiver } from "./push-receiver.ts";
import {
  type MadeTasks,
  type ServerUnderTest,
  type SignatureVerifier,
  type Subject,
  type Target,
  type TaskBudget,
  TaskSource,
  type VerifyMessages,
} from "./target.ts";

export interface VerifyOptions {
  /** Of the agent, or of its card. */
  readonly url: string;
  readonly messages: VerifyMessages;
  readonly credentials?: Credentials | undefined;
  /** Of another caller, who must not see what the first one does. */
  readonly otherCredentials?: Credentials | undefined;
  /** Where credentials may go besides the origin of `url`. @default none */
  readonly credentialOrigins?: readonly string[] | undefined;
  /** @default all that the card names */
  readonly bindings?: readonly Binding[] | undefined;
  /** @default all that the card names */
  readonly versions?: readonly ProtocolVersion[] | undefined;
  /** Ids, or their beginnings up to a slash. @default all */
  readonly only?: readonly string[] | undefined;
  readonly receiver?: PushReceiver | undefined;
  readonly verifySignatures?: SignatureVerifier | undefined;
  /** Of each check, and of the card that comes before. @default 15,000 */
  readonly checkTimeoutMs?: number | undefined;
  /** @default 600,000 */
  readonly totalTimeoutMs?: number | undefined;
  /** Messages that may start a task. @default 400 */
  readonly maxTasks?: number | undefined;
  readonly fetch?: Fetch | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onResult?: ((result: CheckResult) => void) | undefined;
}

export interface CheckResult {
  readonly id: string;
  readonly section: string;
  readonly title: string;
  readonly severity: Severity;
  /** Absent for what is of the server as a whole. */
  readonly binding?: Binding;
  readonly version?: ProtocolVersion;
  readonly result: Outcome["result"];
  readonly seen?: string;
  readonly expected?: string;
  readonly why?: string;
}

export interface VerifyReport {
  readonly cardUrl: string;
  readonly agent: string | undefined;
  readonly interfaces: readonly InterfaceAddress[];
  /** Those that there are no checks for: HTTP+JSON and gRPC of 0.3. */
  readonly unchecked: readonly InterfaceAddress[];
  readonly results: readonly CheckResult[];
  /** Checks of severity must that failed: not 0, not conformant. */
  readonly violations: number;
  /** The others that failed. */
  readonly warnings: number;
  readonly passed: number;
  readonly skipped: number;
  /** Of the skipped ones: those that the time of the whole run was too short for. Not 0: nothing is known of them. */
  readonly notReached: number;
}

const CLEANUP_MS = 5_000;
const OUT_OF_TIME = { result: "skipped", why: "the time of the whole run is over (--total-timeout)" } as const;

/**
 * Rejects with UNAVAILABLE when nothing answers at the URL, with CONFIG_INVALID when a credential has no place or may not
 * go where the card points, with INVALID_ARGUMENT when the card names no interface of a binding or version that was asked for, with the signal's reason
 * when it aborts. Tasks that were left at work are canceled in any case.
 */
export const verifyServer = async (options: VerifyOptions): Promise<VerifyReport> => {
  const { fetch: fetchRequest = (request: Request) => fetch(request), totalTimeoutMs = 600_000 } = options;
  const patience = AbortSignal.timeout(totalTimeoutMs);
  const stop = options.signal ?? new AbortController().signal;
  const signal = AbortSignal.any([patience, stop]);
  const checkTimeoutMs = options.checkTimeoutMs ?? 15_000;
  const reading = AbortSignal.any([signal, AbortSignal.timeout(checkTimeoutMs)]);
  const server = await readServer(options, createHttpExchange(fetchRequest, reading));
  const channelOptions: ChannelOptions = {
    credentials: credentialHeaders(server.card, options.credentials ?? {}),
    requiredExtensions: listAt(server.card, "capabilities", "extensions")
      .filter((each) => member(each, "required") === true)
      .flatMap((each) => textAt(each, "uri") ?? []),
  };
  const { otherCredentials = {} } = options;
  const isOther = hasCredentials(otherCredentials);
  const strangerOptions: ChannelOptions | undefined = isOther
    ? { ...channelOptions, credentials: credentialHeaders(server.card, otherCredentials) }
    : undefined;
  const checked = server.interfaces.filter(
    ({ binding, version }) =>
      (options.bindings?.includes(binding) ?? true) && (options.versions?.includes(version) ?? true),
  );
  for (const asked of [...(options.bindings ?? []), ...(options.versions ?? [])])
    if (!checked.some(({ binding, version }) => asked === binding || asked === version)) throw notNamed(asked, server);
  if (isOther || server.hasCredentials)
    expectOrigins(checked, [new URL(server.cardUrl).origin, ...(options.credentialOrigins ?? [])]);
  const budget: TaskBudget = { left: options.maxTasks ?? 400 };
  const places = checked.map((address) => ({ address, made: { open: new Set<string>() } satisfies MadeTasks }));
  const isChecked = ({ binding, version }: InterfaceAddress): boolean =>
    ALL_CHECKS.some(({ bindings, versions }) => bindings.includes(binding) && versions.includes(version));
  const checks = ALL_CHECKS.filter(({ id }) => isAsked(id, options.only));
  const results: CheckResult[] = [];

  const run = async (check: Check, place: (typeof places)[number] | undefined): Promise<void> => {
    stop.throwIfAborted();
    const outcome: Outcome = patience.aborted
      ? OUT_OF_TIME
      : await runCheck(check, checkTimeoutMs, signal, (own): Target => {
          const exchange = createHttpExchange(fetchRequest, own);
          return {
            ...{ server, exchange, signal: own, messages: options.messages, receiver: options.receiver },
            verifySignatures: options.verifySignatures,
            subject:
              place &&
              subjectAt(
                place.address,
                exchange,
                channelOptions,
                strangerOptions,
                (channel) => new TaskSource(channel, options.messages, place.made, budget),
              ),
          };
        });
    stop.throwIfAborted();
    const { id, section, title, severity } = check;
    const at = place === undefined ? {} : { binding: place.address.binding, version: place.address.version };
    const result = { id, section, title, severity, ...at, ...outcome };
    results.push(result);
    options.onResult?.(result);
  };

  try {
    for (const check of checks) {
      if (check.bindings.length === 0) await run(check, undefined);
      for (const place of places)
        if (check.bindings.includes(place.address.binding) && check.versions.includes(place.address.version))
          await run(check, place);
    }
  } finally {
    const cleanup = new AbortController();
    const timer = setTimeout(() => cleanup.abort(), CLEANUP_MS);
    await cancelAll(places, createHttpExchange(fetchRequest, cleanup.signal), channelOptions);
    clearTimeout(timer);
    // Closes connections that are kept.
    cleanup.abort();
  }
  const count = (matches: (result: CheckResult) => boolean): number => results.filter(matches).length;
  return {
    cardUrl: server.cardUrl,
    agent: textAt(server.card, "name"),
    interfaces: checked.filter(isChecked),
    unchecked: checked.filter((address) => !isChecked(address)),
    results,
    violations: count(({ result, severity }) => result === "failed" && severity === "must"),
    warnings: count(({ result, severity }) => result === "failed" && severity !== "must"),
    passed: count(({ result }) => result === "passed"),
    skipped: count(({ result }) => result === "skipped"),
    notReached: count(({ why }) => why === OUT_OF_TIME.why),
  };
};

const notNamed = (asked: string, { interfaces }: ServerUnderTest): PlatformError => {
  const named = interfaces.map(({ binding, version }) => `${binding} ${version}`).join(", ") || "none";
  return new PlatformError(
    "INVALID_ARGUMENT",
    `the card names no interface of ${asked} that is asked for; it names ${named}`,
  );
};

export const isAsked = (id: string, only: readonly string[] | undefined): boolean =>
  only === undefined || only.some((asked) => id === asked || id.startsWith(`${asked}/`));

const readServer = async (options: VerifyOptions, exchange: HttpExchange): Promise<ServerUnderTest> => {
  const cardUrl = cardUrlOf(options.url);
  try {
    const plainAnswer = await exchange.request({ url: cardUrl });
    const cardAnswer = await exchange.request({ url: cardUrl, headers: { "a2a-version": "1.0" } });
    const plainCard = isObject(plainAnswer.json) ? plainAnswer.json : {};
    const card = isObject(cardAnswer.json) ? cardAnswer.json : plainCard;
    return {
      ...{ cardUrl, cardAnswer, plainAnswer, card, plainCard },
      interfaces: interfacesOf(card, plainCard, cardUrl),
      hasCredentials: hasCredentials(options.credentials ?? {}),
    };
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw new PlatformError("UNAVAILABLE", `nothing answers at ${cardUrl}: ${reasonOf(cause)}`, { cause });
  }
};

const channelAt = (address: InterfaceAddress, exchange: HttpExchange, options: ChannelOptions): Channel => {
  switch (address.binding) {
    case "JSONRPC":
      return createJsonRpcChannel(address, exchange, options);
    case "HTTP+JSON":
      return createHttpJsonChannel(address, exchange, options);
    case "GRPC":
      return createGrpcChannel(address, exchange.signal, options);
  }
};

const subjectAt = (
  address: InterfaceAddress,
  exchange: HttpExchange,
  options: ChannelOptions,
  strangerOptions: ChannelOptions | undefined,
  tasksAt: (channel: Channel) => TaskSource,
): Subject => {
  const channel = channelAt(address, exchange, options);
  return {
    channel,
    tasks: tasksAt(channel),
    stranger: strangerOptions && channelAt(address, exchange, strangerOptions),
    otherTenant: (tenant) => channelAt({ ...address, tenant }, exchange, options),
  };
};

const runCheck = async (
  check: Check,
  defaultTimeoutMs: number,
  signal: AbortSignal,
  targetWith: (signal: AbortSignal) => Target,
): Promise<Outcome> => {
  const timeoutMs = Math.max(defaultTimeoutMs, check.timeoutMs ?? 0);
  const controller = new AbortController();
  const end = () => controller.abort();
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener("abort", end, { once: true });
  try {
    const outcome = await check.run(targetWith(controller.signal));
    // What was cut short says nothing about the server.
    return signal.aborted && outcome.result === "failed" ? OUT_OF_TIME : outcome;
  } catch (thrown) {
    if (signal.aborted) return OUT_OF_TIME;
    if (controller.signal.aborted)
      return { result: "failed", seen: `no end within ${timeoutMs / 1000} s`, expected: "an answer" };
    if (isNetworkFailure(thrown)) return { result: "failed", seen: reasonOf(thrown), expected: "an answer" };
    throw thrown;
  } finally {
    // Streams that the check has left open end with it.
    controller.abort();
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
};

/** Not a defect of a check: fetch says so by a TypeError with a cause, a bound by TOO_LARGE. */
const isNetworkFailure = (thrown: unknown): boolean =>
  (PlatformError.is(thrown) && thrown.code === "TOO_LARGE") ||
  (thrown instanceof TypeError && thrown.cause !== undefined);

const reasonOf = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? `${thrown.message}: ${thrown.cause.message}` : thrown.message;
};

const cancelAll = async (
  places: readonly { readonly address: InterfaceAddress; readonly made: MadeTasks }[],
  exchange: HttpExchange,
  options: ChannelOptions,
): Promise<void> => {
  const canceled = places.flatMap(({ address, made }) => {
    if (made.open.size === 0) return [];
    const channel = channelAt(address, exchange, options);
    return [...made.open].map((id) => channel.call("CancelTask", { id }));
  });
  // What has ended by itself refuses the cancel, and what is not there needs none.
  await Promise.allSettled(canceled);
};
