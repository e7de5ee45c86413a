/**
 * Runs tasks, in phases of one file each: claim → load → replay → execution → commit. This file holds them together and
 * gives them a beginning and an end.
 */
import { type FailureMode, isFailureMode, PlatformError } from "@agentcore/contract";
import type { Budgets, DeclaredPolicy } from "../governance/index.ts";
import type { KeyValue, ModelProvider, Senses, StoreHint, TaskStore, Timer, ToolProvider } from "../ports/index.ts";
import { Admission } from "./admission.ts";
import type { AgentHost, LoadedAgent } from "./agent-host.ts";
import { commandChild, draftFor } from "./children.ts";
import { Claims } from "./claim.ts";
import { Commits } from "./commit.ts";
import { Credentials } from "./credentials.ts";
import { DebuggedTasks } from "./debugged-tasks.ts";
import { EventWaits } from "./event-waits.ts";
import type { ExecutionServices } from "./execution-services.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { Loading } from "./load.ts";
import { LogHub } from "./log-hub.ts";
import { MailCarrier } from "./mail-carrier.ts";
import { OutboxRelay } from "./outbox-relay.ts";
import { scopesOf } from "./permissions-of.ts";
import { RecentTasks } from "./recent-tasks.ts";
import { Residents } from "./residents.ts";
import { RunningLimits } from "./running-limits.ts";
import { Speech } from "./speech.ts";
import type { TaskRouter } from "./task-router.ts";
import type { TenantPolicy } from "./tenant-policy.ts";

export interface EngineOptions {
  readonly store: TaskStore;
  readonly keyValue: KeyValue;
  readonly models: ModelProvider | null;
  /** By which tools that have a price are counted. @default they are not */
  readonly budgets?: Pick<Budgets, "reserve" | "settlement" | "grant"> | undefined;
  /** What is declared about tools, as it is now. @default nothing */
  readonly policies?: ((tenantId: string) => readonly DeclaredPolicy[]) | undefined;
  /** Behind `ctx.tools`. @default there are none */
  readonly tools?: ToolProvider | null;
  readonly host: AgentHost;
  readonly router: TaskRouter;
  readonly senses: Senses;
  /** Name of this node, in `task.assigned`. */
  readonly node: string;
  /** Tasks in memory at once. @default 2000 */
  readonly maxResident?: number;
  /** Tasks of one tenant that may wait to run before admission refuses more. @default 100000 */
  readonly maxBacklog?: number;
  /** What is declared about tenants, by tenant, as it is now; those not in it have the defaults. @default none */
  readonly tenants?: ReadonlyMap<string, TenantPolicy>;
  /** Milliseconds code may wait for something outside ctx before its task is parked. @default 2000 */
  readonly outsideAwaitMs?: number;
  /**
   * Milliseconds after which a write that the store did not confirm has been carried out all the same, or never will be:
   * longer than a statement may take. @default 60000
   */
  readonly lateWriteMs?: number;
  /** Once for each. */
  readonly onFailure?: ((seen: SeenFailure) => void) | undefined;
}

/** How agents that work together failed, as it stands in a task's log since now. */
export interface SeenFailure {
  readonly tenantId: string;
  readonly agent: string;
  readonly taskId: string;
  readonly runId: string;
  readonly mode: FailureMode;
  readonly traceparent: string | undefined;
}

const NO_POLICIES: readonly DeclaredPolicy[] = [];
const DRAIN_POLL_MS = 20;
// Two seconds for commits under way once the grace is over.
const MAX_DRAIN_POLLS = 100;

export class TaskEngine {
  readonly store: TaskStore;
  readonly host: AgentHost;
  readonly senses: Senses;
  readonly router: TaskRouter;
  readonly tenants: ReadonlyMap<string, TenantPolicy>;
  readonly hub = new LogHub();
  readonly recent: RecentTasks;
  readonly residents: Residents;
  readonly limits: RunningLimits;
  readonly admission: Admission;
  readonly claims: Claims;
  readonly loading: Loading;
  readonly commits: Commits;
  readonly mail: MailCarrier;
  readonly relay: OutboxRelay;
  readonly credentials: Credentials;
  readonly eventWaits: EventWaits;
  readonly debugged: DebuggedTasks;
  readonly lease: LeaseKeeper;
  readonly services: ExecutionServices;
  private unlisten: () => void = () => {};
  /** Counts calls of `drain` and `undrain`, so that a later one ends an earlier. */
  private drains = 0;
  /** The store may be gone. */
  isClosed = false;

  constructor(options: EngineOptions) {
    this.store = options.store;
    this.host = options.host;
    this.senses = options.senses;
    this.router = options.router;
    this.recent = new RecentTasks(options.senses.clock);
    this.tenants = options.tenants ?? new Map();
    this.residents = new Residents(options.host, options.maxResident ?? 2000);
    this.limits = new RunningLimits(options.host, this.tenants);
    this.admission = new Admission(this, options.maxBacklog ?? 100_000);
    this.claims = new Claims(this, options.outsideAwaitMs ?? 2000, options.lateWriteMs ?? 60_000);
    this.loading = new Loading(this);
    this.commits = new Commits(this);
    this.mail = new MailCarrier(this);
    this.relay = new OutboxRelay(this, options.router);
    this.credentials = new Credentials(options.keyValue, options.senses);
    this.eventWaits = new EventWaits(options.keyValue, options.senses);
    this.debugged = new DebuggedTasks(options.keyValue, options.store, options.senses.clock);
    this.lease = new LeaseKeeper(this);
    this.services = this.servicesOf(options);
  }

  /** Begins to claim. Call when every agent that should run is registered. */
  async start(): Promise<void> {
    await this.lease.start();
    await this.admission.open();
    this.unlisten = this.store.listen((hint) => this.hear(hint));
    this.claims.start();
    this.relay.wake();
  }

  /** How many tasks are in memory. */
  get resident(): number {
    return this.residents.size;
  }

  /** Why this process can take no work now, or null. */
  get trouble(): PlatformError | null {
    return this.lease.trouble ?? this.claims.trouble;
  }

  /** It takes no tasks into memory. */
  get isDraining(): boolean {
    return !this.residents.isOpen;
  }

  /** No task's lease is held here, as far as is known. */
  get isEmpty(): boolean {
    return this.residents.size === 0 && this.loading.size === 0 && !this.claims.isBusy;
  }

  /**
   * Gives the tasks to other processes and takes none, until `undrain`. What is submitted here meanwhile waits in the store.
   * Nothing new begins in tasks that run; what runs has `graceMs` to end, then it goes on elsewhere from its log. Resolves when nothing
   * is held here any more, or when another call overtakes this one. May be called before `start`.
   */
  async drain(graceMs: number): Promise<void> {
    const call = ++this.drains;
    const isCurrent = (): boolean => call === this.drains && !this.isClosed;
    this.residents.close();
    await this.sendAway(graceMs, isCurrent);
    // Also leases that nothing in memory knows of.
    this.claims.doubt();
    while (isCurrent() && !this.isEmpty) await this.pause(DRAIN_POLL_MS);
  }

  /** Takes tasks again. */
  undrain(): void {
    this.drains += 1;
    this.residents.reopen();
    this.claims.wake();
  }

  /**
   * Stops taking work, gives running steps `graceMs` to end, writes what is known and gives leases back. What did not
   * end in time is continued from its log by the next start.
   */
  async close(graceMs = 0): Promise<void> {
    this.admission.isOpen = false;
    this.residents.close();
    this.drains += 1;
    await this.atMost(this.claims.stop());
    await this.sendAway(graceMs, () => true);
    this.isClosed = true;
    this.lease.stop();
    this.commits.stop();
    this.unlisten();
    // What is left is carried, or swept, later.
    await this.atMost(Promise.all([this.relay.idle(), this.credentials.idle(), this.eventWaits.idle()]));
    for (const execution of this.residents.all())
      execution.end(new PlatformError("UNAVAILABLE", "the node is shutting down"));
    this.residents.clear();
  }

  /** Nothing new begins; what runs has `graceMs`. Ends with what could be written written, within two more seconds. */
  private async sendAway(graceMs: number, isCurrent: () => boolean): Promise<void> {
    const { clock } = this.senses;
    const until = clock.monotonic() + graceMs;
    for (const execution of this.residents.all()) execution.leave("quiet");
    while (this.residents.size > 0 && clock.monotonic() < until && isCurrent()) await this.pause(DRAIN_POLL_MS);
    if (!isCurrent()) return;
    for (const execution of this.residents.all()) execution.leave("now");
    await clock.turn();
    for (let polls = 0; polls < MAX_DRAIN_POLLS; polls++) {
      if (!this.residents.all().some((execution) => execution.commitInFlight)) break;
      await this.pause(DRAIN_POLL_MS);
    }
  }

  /** Takes out what tasks of the tenant left beside their logs: their process died when they ended. */
  async sweepRemains(tenantId: string, signal?: AbortSignal): Promise<void> {
    await this.credentials.sweep(this.store, tenantId, signal);
    await this.eventWaits.sweep(this.store, tenantId, signal);
    await this.debugged.sweep(tenantId, signal);
  }

  /** The code of a chosen agent. Throws AGENT_NOT_FOUND. */
  async load(tenantId: string, choice: { readonly agent: string; readonly revision: string }): Promise<LoadedAgent> {
    const loaded = await this.host.load({ tenantId, agent: choice.agent, revision: choice.revision });
    if (loaded === null) throw new PlatformError("AGENT_NOT_FOUND", `agent ${choice.agent} cannot be loaded here`);
    return loaded;
  }

  /** Ends everything in memory without a word to the store: it is not ours to write any more (I1). */
  dropAll(reason: string): void {
    const lost = this.residents.all();
    if (lost.length === 0) return;
    this.senses.logger.log("warn", `${lost.length} tasks leave memory: ${reason}`);
    for (const execution of lost) this.commits.dropLost(execution);
  }

  /** What another process did. */
  private hear(hint: StoreHint): void {
    if (hint.kind === "missed") {
      this.mail.look();
      this.hub.notifyAll();
    }
    if (hint.kind !== "changed") return this.claims.wake();
    this.hub.notify(hint, null);
    const resident = this.residents.get(hint);
    if (resident !== undefined) this.mail.read(resident, () => undefined);
  }

  /** A store that does not answer must not keep the node from ending. */
  private async atMost(work: Promise<unknown>): Promise<void> {
    let timer: Timer | null = null;
    const patience = new Promise<void>((resolve) => {
      timer = this.senses.clock.after(MAX_DRAIN_POLLS * DRAIN_POLL_MS, resolve);
    });
    await Promise.race([work, patience]).finally(() => timer?.cancel());
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.senses.clock.after(ms, resolve));
  }

  private servicesOf({ node, senses, keyValue, models, router, ...more }: EngineOptions): ExecutionServices {
    const { budgets = null, policies = () => NO_POLICIES, tools = null } = more;
    const speech = new Speech(this.hub, senses.clock);
    return {
      node,
      senses,
      keyValue,
      models,
      budgets,
      policies,
      tools,
      markDirty: (execution) => this.commits.markDirty(execution),
      lost: (execution, why) => this.commits.dropApart(execution, why),
      whenFresh: (begin) => this.lease.whenFresh(begin),
      // What has a limit must not count for it while it only waits.
      staysFor: (head, taskId) =>
        !this.limits.isLimited(head) && this.residents.get({ tenantId: head.tenantId, taskId }) !== undefined,
      mailbox: (key) => this.store.mailbox(key),
      spoke: (key) => speech.spoke(key),
      sawFailure: ({ head, runId, journal }, mode) => {
        if (!isFailureMode(mode)) return;
        const { tenantId, agent, taskId } = head;
        more.onFailure?.({ tenantId, agent, taskId, runId, mode, traceparent: journal.submitted.traceparent });
      },
      settle: (tenantId, settlement) => {
        this.store.commit([{ tenantId, settle: [settlement] }]).then(
          () => models?.settled?.(tenantId, [settlement]),
          (error: unknown) =>
            senses.logger.log(
              "warn",
              `a model call was not settled, and counts as what was held for it: ${String(error)}`,
              { tenantId },
            ),
        );
      },
      credential: (key, authorization) => this.credentials.read(key, authorization),
      command: (execution, call, request) => commandChild(this, execution, call, request),
      query: (execution, { timeoutMs = 30_000, ...request }) =>
        router.query({
          ...draftFor(execution),
          ...request,
          scopes: scopesOf(execution.journal.submitted),
          deadline: senses.clock.now() + timeoutMs,
        }),
      remembers: (execution, { type, pool, path, request, idempotencyKey, signal }) => {
        if (router.remembers === undefined)
          throw new PlatformError("UNSUPPORTED_OPERATION", "this node keeps nothing that agents remember");
        const { head, loaded } = execution;
        const { agent, caller, taskId, contextId } = head;
        const asker = { agent, labels: loaded.definition.labels, caller, taskId, contextId, path };
        const payload = { ...request, pool, asker };
        return router.remembers({ ...draftFor(execution), type, payload, idempotencyKey, signal });
      },
      revisionOf: (tenantId, agent) => router.revisionOf(tenantId, agent),
      awaitEvent: (tenantId, wait) => this.eventWaits.add(tenantId, wait),
      forgetEvent: (tenantId, wait) => this.eventWaits.forget(tenantId, wait),
      emit: ({ head: { tenantId, taskId, agent } }, topic, payload, id) =>
        router.emit({ tenantId, source: `agent:${agent}`, topic, payload, id, taskId }),
    };
  }
}
