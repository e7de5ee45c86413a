/**
 * A WebSocket that is read message by message, no faster than somebody asks: while nobody does, its connection is paused, and what a server pushes
 * waits in the buffers of the network. What is held here is what came with one read of the connection, 64 KiB, and one message of at most its bound.
 */
import { PlatformError, RetryableError } from "@agentcore/contract/errors";
import type { WebSocket } from "ws";

export interface SocketMessage {
  /** Null: it is no text. */
  readonly text: string | null;
  readonly bytes: number;
}

/** How a connection ended. */
export interface SocketEnd {
  /** As RFC 6455, 7.4 has it; 1006: without a word, 1005: with no code. */
  readonly code: number;
  readonly reason: string;
  /** Why it was ended here: a message over its bound (TOO_LARGE), or what is none of the protocol (UPSTREAM_FAILED). */
  readonly fault?: PlatformError;
}

export interface MessageSocketOptions {
  readonly host: string;
  readonly maxMessageBytes: number;
  readonly sendTimeoutMs: number;
  readonly secrets: readonly string[];
  readonly signal: AbortSignal | undefined;
}

const GOODBYE_MS = 1_000;
const MAX_REASON = 123;

export class MessageSocket {
  /** What the server chose of the subprotocols; "" where none was asked for. */
  readonly protocol: string;
  /** Of the address, for messages. */
  readonly host: string;
  private readonly socket: WebSocket;
  private readonly maxMessageBytes: number;
  private readonly sendTimeoutMs: number;
  private readonly secrets: readonly string[];
  private readonly signal: AbortSignal | undefined;
  private readonly waiting: SocketMessage[] = [];
  private readonly ending = Promise.withResolvers<SocketEnd>();
  private asked: PromiseWithResolvers<SocketMessage | null> | null = null;
  private fault: PlatformError | undefined;
  private isLeaving = false;
  private known: SocketEnd | undefined;

  /** `socket` is open, and has said nothing yet. */
  constructor(socket: WebSocket, { host, maxMessageBytes, sendTimeoutMs, secrets, signal }: MessageSocketOptions) {
    this.socket = socket;
    this.host = host;
    this.protocol = socket.protocol;
    this.maxMessageBytes = maxMessageBytes;
    this.sendTimeoutMs = sendTimeoutMs;
    this.secrets = secrets;
    this.signal = signal;
    socket.pause();
    socket.on("message", (data: Buffer, isBinary) => this.take(data, isBinary));
    socket.on("error", (error: Error & { code?: string }) => {
      this.fault = this.faultOf(error);
    });
    socket.once("close", (code, reason) =>
      this.over(code, this.withoutSecrets(reason.toString()).slice(0, MAX_REASON)),
    );
    signal?.addEventListener("abort", this, { once: true });
    if (signal?.aborted === true) socket.terminate();
  }

  /** How it ended; undefined while it is open. */
  get end(): SocketEnd | undefined {
    return this.known;
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.socket.terminate();
    this.asked?.reject(this.signal?.reason);
    this.asked = null;
  }

  /** Resolves when it was given to the network. Ends a connection that does not take it in time. Rejects with UPSTREAM_FAILED, as a RetryableError where nothing of it had left. */
  send(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== this.socket.OPEN) {
        const why = this.fault?.message ?? `${this.host} was closed before anything was sent`;
        reject(new RetryableError(why, { code: "UPSTREAM_FAILED" }));
        return;
      }
      const timer = setTimeout(() => {
        const why = `${this.host} has taken nothing of what is sent for ${this.sendTimeoutMs} ms`;
        this.fault ??= new PlatformError("UPSTREAM_FAILED", why, { retryable: true });
        reject(new PlatformError("UPSTREAM_FAILED", why));
        this.socket.terminate();
      }, this.sendTimeoutMs);
      this.socket.send(text, (error) => {
        clearTimeout(timer);
        if (error == null) resolve();
        else reject(new PlatformError("UPSTREAM_FAILED", `${this.host} is not connected any more`, { cause: error }));
      });
    });
  }

  /** Asks for a sign of life, which is `onAlive`'s to hear. */
  ping(): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.ping();
  }

  /** Hears of each sign of life that is no message, as long as the connection is read. */
  onAlive(listener: () => void): void {
    this.socket.on("pong", listener);
    this.socket.on("ping", listener);
  }

  /** The next message, in order; null once the connection is over and all that came was given. Of one caller at a time. Rejects as the signal says. */
  next(): Promise<SocketMessage | null> {
    if (this.signal?.aborted === true) return Promise.reject(this.signal.reason);
    const first = this.waiting.shift();
    if (first !== undefined) return Promise.resolve(first);
    if (this.known !== undefined) return Promise.resolve(null);
    this.asked ??= Promise.withResolvers();
    this.socket.resume();
    return this.asked.promise;
  }

  /** Says goodbye, gives nothing more, and waits so many milliseconds for the other side to say it, too: it does once it has read what was sent. */
  async close(waitMs = GOODBYE_MS): Promise<SocketEnd> {
    if (this.known !== undefined) return this.known;
    this.isLeaving = true;
    this.waiting.length = 0;
    const timer = setTimeout(() => this.socket.terminate(), waitMs);
    this.socket.close(1000);
    // It would not hear it.
    this.socket.resume();
    try {
      return await this.ending.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  private take(data: Buffer, isBinary: boolean): void {
    if (this.isLeaving) return;
    const message = { text: isBinary ? null : data.toString(), bytes: data.length };
    if (this.asked === null) {
      this.waiting.push(message);
      return;
    }
    this.asked.resolve(message);
    this.asked = null;
    this.socket.pause();
  }

  private over(code: number, reason: string): void {
    this.signal?.removeEventListener("abort", this);
    this.known = { code, reason, ...(this.fault === undefined ? {} : { fault: this.fault }) };
    this.ending.resolve(this.known);
    this.asked?.resolve(null);
    this.asked = null;
  }

  private withoutSecrets(reason: string): string {
    return this.secrets.reduce((clean, secret) => (secret === "" ? clean : clean.replaceAll(secret, "***")), reason);
  }

  private faultOf(error: Error & { code?: string }): PlatformError {
    if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH")
      return new PlatformError("TOO_LARGE", `a message of ${this.host} is over ${this.maxMessageBytes} bytes`, {
        details: { bytes: this.maxMessageBytes },
      });
    return new PlatformError("UPSTREAM_FAILED", `${this.host}: ${error.message}`, { cause: error, retryable: false });
  }
}
