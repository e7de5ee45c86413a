import { formatTarget, Message, PlatformError, parseInput } from "@agentcore/contract";
import { GuardBook } from "./agent-guards.ts";
import { authenticate } from "./authenticate.ts";
import { authorise, sameTenantAuthoriser } from "./authorise.ts";
import type { Bus, BusOptions, Found } from "./bus.ts";
import { BusCall } from "./bus-call.ts";
import { compose } from "./compose.ts";
import { DeadlineList } from "./deadline-list.ts";
import { deliver } from "./deliver.ts";
import { Envelope } from "./delivered.ts";
import type { CommandAccepted } from "./delivery.ts";
import { find } from "./find.ts";
import { guard } from "./guard.ts";
import { limit } from "./limit.ts";
import { DEFAULT_BUS_LIMITS } from "./limits.ts";
import type { CallOptions, MessageDraft } from "./message-draft.ts";
import { createObserve, record } from "./record.ts";
import { createChoose, route } from "./route.ts";
import { createSearch } from "./search.ts";
import { createRandom } from "./seeded-random.ts";
import { Subscriptions } from "./subscriptions.ts";
import { TargetBook } from "./target-book.ts";
import { trace } from "./trace.ts";
import { validate } from "./validate.ts";

const NO_OPTIONS: CallOptions = {};

/**
 * The bus of one node. The chain is composed here, once, and kept in this closure together with the ways out: what is
 * returned offers nothing that reaches an agent without passing every stage (I8).
 */
export const createBus = (options: BusOptions): Bus => {
  const { registry, senses, deliver: delivery, discovery } = options;
  const { clock, ids } = senses;
  const limits = { ...DEFAULT_BUS_LIMITS, ...options.limits };
  const authoriser = options.authoriser ?? sameTenantAuthoriser;
  const random = options.random ?? createRandom(senses.digest.sha256(ids.next()));
  const guards = new GuardBook(registry, limits);
  const targets = new TargetBook(registry, guards, limits.routeCacheSize);
  const subscriptions = new Subscriptions(senses.logger, limits);
  const deadlines = new DeadlineList(clock);
  const observe = createObserve(senses, options.onCall);
  const choose = createChoose({ registry, clock, authoriser, random, weights: options.weights });
  const search = createSearch({ targets, authoriser, discovery });
  let closed = false;

  const run = compose([
    // Last in time: it reports once everything else is over.
    record(observe),
    validate(targets),
    authenticate(),
    authorise(authoriser),
    limit(limits),
    trace(senses),
    ...(options.interceptors ?? []),
    route({ registry, targets, choose, observe, limits, search }),
    guard({ clock, registry, deadlines, choose, random, limits }),
    deliver(delivery, subscriptions),
  ]);

  const look = compose([
    validate(targets),
    authenticate(),
    authorise(authoriser),
    limit(limits),
    find({ targets, choose, search }),
  ]);

  const send = (
    draft: MessageDraft,
    type: Message["type"],
    callOptions: CallOptions,
    through = run,
  ): Promise<unknown> => {
    if (closed)
      return Promise.reject(new PlatformError("UNAVAILABLE", "This node is closing and takes no more messages"));
    if (draft.type !== undefined && draft.type !== type) {
      return Promise.reject(
        new PlatformError(
          "INVALID_ARGUMENT",
          `message ${draft.id ?? ""} is a ${draft.type} and cannot be sent as a ${type}`,
        ),
      );
    }
    const now = clock.now();
    const target = typeof draft.target === "string" ? draft.target : formatTarget(draft.target);
    const envelope = new Envelope(draft, type, target, draft.id ?? ids.next(), draft.timestamp ?? now);
    // Stated on the envelope, so that what the handler asks in turn can inherit it.
    if (type === "query" && envelope.deadline === undefined)
      envelope.deadline = Math.ceil(now + (callOptions.timeoutMs ?? limits.queryTimeoutMs));
    return through(new BusCall(envelope, callOptions, clock.monotonic(), now));
  };

  const bus: Bus = {
    query: (message, callOptions = NO_OPTIONS) => send(message, "query", callOptions),
    command: (message, callOptions = NO_OPTIONS) => send(message, "command", callOptions) as Promise<CommandAccepted>,
    find: (message, callOptions = NO_OPTIONS) =>
      send(message, message.type ?? "command", callOptions, look) as Promise<Found>,
    emit: (event, callOptions = NO_OPTIONS) => send(event, "event", callOptions) as Promise<number>,
    subscribe: (tenantId, pattern, handler) => subscriptions.add(tenantId, pattern, handler),
    acceptForeign: async (json, caller, callOptions = NO_OPTIONS) => {
      const message = parseInput(Message, json, "message");
      return send(message, message.type, { ...callOptions, caller });
    },
    taskEnded: ({ tenantId, agent, failed }) => {
      const record = registry.byName(tenantId, agent);
      if (record === undefined) return;
      const { breaker } = guards.of(record);
      const now = clock.monotonic();
      // A breaker that lets nothing through learns nothing from work that was accepted before it opened.
      const ticket = breaker.tryPass(now);
      if (ticket === 0) return;
      if (failed) breaker.fail(ticket, now);
      else breaker.succeed(ticket);
    },
    close: () => {
      closed = true;
      subscriptions.close();
      deadlines.close();
    },
  };
  return Object.freeze(bus);
};
