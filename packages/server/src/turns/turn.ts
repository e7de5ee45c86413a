/**
 * Work that one node at a time does. It has it by a lease, keeps that well before it runs out, and ends the work when it is lost.
 *
 *   standing by --(the lease is free)--> held --(lost, run out, unwanted, closing)--> ending --(all is over)--> standing by …
 *
 * - N1 The work is told to end an eighth of the lease before another node could have it, whatever the store says or does not say meanwhile. What is under way
 *   then is what the lease cannot prevent; that it does no harm is for the work to see to.
 * - N2 It does not begin anew, nor ask for the lease, before what it did is over.
 * - N3 A node that is drained gives it up once, and takes what nobody else has taken for two leases.
 */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Logger, Timer } from "@agentcore/core/ports";
import type { TurnLease } from "@agentcore/core/retention";
import { Trouble } from "@agentcore/core/tasks";
import { singleFlight } from "../single-flight.ts";

export interface TurnWork {
  /** Under which all nodes know it. */
  readonly key: string;
  /** What whoever has the turn does, as it stands behind "who": "holds the connections of feeds". */
  readonly does: string;
  /** False: the store is asked for nothing, and what was held is let go of. Whoever changes that calls `wake`. @default true */
  readonly isWanted?: () => boolean;
  /**
   * Once when the turn is taken, then at each wake, and when so many milliseconds have passed as it resolved with; one at a time. What fails is told and tried again.
   * What it leaves running ends by the signal.
   */
  readonly round: (signal: AbortSignal) => Promise<number>;
  /** After the signal has aborted and the round is over: resolves when nothing is under way any more. */
  readonly end?: () => Promise<void>;
}

export interface TurnOptions extends TurnWork {
  readonly lease: Pick<TurnLease, "freeInMs" | "heldForMs" | "keep" | "release">;
  readonly leaseMs: number;
  readonly clock: Pick<Clock, "after" | "monotonic">;
  readonly logger: Logger;
  readonly random: () => number;
  /** Whether this node is drained, or about to be. */
  readonly isLeaving: () => boolean;
}

// A store that gives no answer keeps no process from ending: the lease runs out by itself.
const RELEASE_MS = 2_000;

interface Tenure {
  readonly ending: AbortController;
  readonly done: Promise<void>;
}

export class Turn {
  private readonly options: TurnOptions;
  private readonly look: () => Promise<void>;
  private readonly leaseTrouble: Trouble;
  private readonly workTrouble: Trouble;
  private tenure: Tenure | null = null;
  private timer: Timer | null = null;
  private lapse: Timer | null = null;
  private isRunning = false;
  private standsBackUntil: number | null = null;
  private isAsked = false;
  private ring = (): void => {};

  constructor(options: TurnOptions) {
    this.options = options;
    const { logger, does } = options;
    this.leaseTrouble = new Trouble(logger, `cannot tell who ${does}`);
    this.workTrouble = new Trouble(logger, `this node, which ${does}, fails at it`);
    this.look = singleFlight(() => this.lookOnce());
  }

  start(): void {
    this.isRunning = true;
    void this.look();
  }

  /** What there is to do has changed: a round begins at once, or when the one under way is over. */
  wake(): void {
    if (!this.isRunning) return;
    this.isAsked = true;
    this.ring();
    void this.look();
  }

  /** Resolves when nothing is under way, and others may have it: at once, or, when the store does not answer, once the lease has run out. */
  async close(): Promise<void> {
    this.isRunning = false;
    this.timer?.cancel();
    await this.endTenure();
    // The look under way may have taken it meanwhile, or never come back.
    await this.bounded(this.look().then(() => this.options.lease.release()));
  }

  private async lookOnce(): Promise<void> {
    this.timer?.cancel();
    this.timer = null;
    if (!this.isRunning) return;
    const { isWanted, lease, leaseMs, clock, random } = this.options;
    if (isWanted?.() === false) return this.letGo();
    // The answer may not come, and a machine that slept finds out here.
    this.lapseInTime();
    let waitMs = leaseMs / 4;
    try {
      const leftMs = await this.standBack();
      if (leftMs > 0) waitMs = Math.min(waitMs, leftMs);
      else if (this.tenure?.ending.signal.aborted !== true) {
        const isHeld = await lease.keep();
        this.leaseTrouble.end();
        if (!this.isRunning) return;
        if (!isHeld) this.tenure?.ending.abort(lost());
        else if (this.tenure === null && lease.heldForMs > leaseMs / 8) this.begin();
        // By chance: not all who stand by ask in one moment.
        if (!isHeld) waitMs = Math.min(waitMs, lease.freeInMs) + (random() * leaseMs) / 8;
      }
    } catch (error) {
      this.leaseTrouble.begin(PlatformError.from(error));
      if (this.tenure !== null) waitMs = leaseMs / 8;
    }
    this.lapseInTime();
    if (this.isRunning) this.timer = clock.after(Math.max(1, waitMs), () => void this.look());
  }

  /** Milliseconds for which this node leaves it to others (N3). */
  private async standBack(): Promise<number> {
    const { isLeaving, clock, leaseMs } = this.options;
    if (!isLeaving()) {
      this.standsBackUntil = null;
      return 0;
    }
    if (this.standsBackUntil === null) {
      this.standsBackUntil = clock.monotonic() + 2 * leaseMs;
      await this.letGo();
    }
    return Math.max(0, this.standsBackUntil - clock.monotonic());
  }

  private begin(): void {
    const ending = new AbortController();
    const done = this.work(ending.signal).then(() => {
      this.tenure = null;
      // It was lost, or is taken anew.
      if (this.isRunning) void this.look();
    });
    this.tenure = { ending, done };
  }

  /** In rounds; resolves when all of it is over. */
  private async work(signal: AbortSignal): Promise<void> {
    const { round, end, leaseMs } = this.options;
    const attempt = async <T>(part: () => Promise<T>): Promise<T | undefined> => {
      try {
        const result = await part();
        this.workTrouble.end();
        return result;
      } catch (error) {
        if (!signal.aborted) this.workTrouble.begin(PlatformError.from(error));
        return undefined;
      }
    };
    while (!signal.aborted) {
      this.isAsked = false;
      const waitMs = (await attempt(() => round(signal))) ?? leaseMs / 4;
      if (!this.isAsked) await this.rest(waitMs, signal);
    }
    if (end !== undefined) await attempt(end);
  }

  /** Until the time has passed, somebody wakes it, or the signal aborts. */
  private rest(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const over = (): void => {
        this.ring = () => {};
        timer?.cancel();
        signal.removeEventListener("abort", over);
        resolve();
      };
      const timer = Number.isFinite(ms) ? this.options.clock.after(Math.max(1, ms), over) : null;
      this.ring = over;
      signal.addEventListener("abort", over);
    });
  }

  /** Looks by itself as well: a machine may have slept while the store was asked (N1). */
  private lapseInTime(): void {
    this.lapse?.cancel();
    this.lapse = null;
    const { tenure } = this;
    if (tenure === null || tenure.ending.signal.aborted) return;
    const { lease, leaseMs, clock } = this.options;
    const leftMs = lease.heldForMs - leaseMs / 8;
    this.lapse = clock.after(Math.max(0, Math.min(leftMs, leaseMs / 4)), () => {
      if (lease.heldForMs > leaseMs / 8) this.lapseInTime();
      else tenure.ending.abort(lost());
    });
  }

  private async endTenure(): Promise<void> {
    this.lapse?.cancel();
    this.tenure?.ending.abort(lost());
    await this.tenure?.done;
  }

  private async letGo(): Promise<void> {
    await this.endTenure();
    await this.bounded(this.options.lease.release());
  }

  /** Without its outcome. */
  private bounded(work: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.options.clock.after(RELEASE_MS, resolve);
      void work
        .catch(() => undefined)
        .then(() => {
          timer.cancel();
          resolve();
        });
    });
  }
}

const lost = (): PlatformError => new PlatformError("UNAVAILABLE", "this node does not do that any more");
