/**
 * A server as a child process: JSON lines over its standard input and output. No shell reads its command, its environment is what was named and
 * PATH, it leads a process group of its own so that what it starts ends with it, and of what it writes to standard error the last piece is kept.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { PlatformError } from "@agentcore/contract";
import { type JSONRPCMessage, ReadBuffer, serializeMessage, type Transport } from "@modelcontextprotocol/client";

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string | undefined;
}

// Of one message; more than a result may have (16 MiB), with room for what is said around it.
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const KEPT_STDERR_CHARACTERS = 4096;
// As the protocol has it: its input is closed, then it is asked to end, then it is ended.
const CLOSE_GRACE_MS = 1_000;
const TERM_GRACE_MS = 2_000;

/** `stderr` and `pid` tell the SDK that it is a local process: a silent one is then taken for an older server, and no outage. */
export class ProgramTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  private readonly options: ProgramOptions;
  private child: ChildProcess | null = null;
  private readonly incoming = new ReadBuffer({ maxBufferSize: MAX_MESSAGE_BYTES });
  private said = "";
  private ending: Promise<void> | null = null;
  private hasExited = false;

  constructor(options: ProgramOptions) {
    this.options = options;
  }

  get pid(): number | null {
    return this.child?.pid ?? null;
  }

  /** The last of what it wrote to standard error. */
  get stderr(): string {
    return this.said;
  }

  start(): Promise<void> {
    const { command, args, env, cwd } = this.options;
    const child = spawn(command, args, {
      ...{ env, shell: false, detached: true, windowsHide: true },
      stdio: ["pipe", "pipe", "pipe"],
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.child = child;
    child.stdout.on("data", (chunk: Buffer) => this.read(chunk));
    child.stderr.on("data", (chunk: Buffer) => {
      this.said = (this.said + chunk.toString("utf8")).slice(-KEPT_STDERR_CHARACTERS);
    });
    // What it does not read any more, its end tells.
    child.stdin.on("error", () => undefined);
    return new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (cause) => {
        this.hasExited = true;
        reject(new PlatformError("CONFIG_INVALID", `${command} cannot be started: ${cause.message}`, { cause }));
        this.onclose?.();
      });
      child.once("exit", () => {
        this.hasExited = true;
        this.endGroup("SIGKILL");
      });
      // Its output has been read to the end by then.
      child.once("close", () => this.onclose?.());
    });
  }

  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.child?.stdin;
    if (stdin == null || !stdin.writable || this.hasExited) return Promise.reject(new Error("the program has ended"));
    return new Promise((resolve, reject) => {
      stdin.write(serializeMessage(message), (error) => (error == null ? resolve() : reject(error)));
    });
  }

  close(): Promise<void> {
    this.ending ??= this.end();
    return this.ending;
  }

  /** For a process that ends at once itself: nothing is waited for. */
  kill(): void {
    this.endGroup("SIGKILL");
  }

  private async end(): Promise<void> {
    const { child } = this;
    if (child === null || this.hasExited) return;
    const exited = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
    child.stdin?.end();
    if (await settlesWithin(exited, CLOSE_GRACE_MS)) return;
    this.endGroup("SIGTERM");
    if (await settlesWithin(exited, TERM_GRACE_MS)) return;
    this.endGroup("SIGKILL");
    await settlesWithin(exited, TERM_GRACE_MS);
  }

  private endGroup(signal: NodeJS.Signals): void {
    const pid = this.child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Nothing of it is left.
    }
  }

  private read(chunk: Buffer): void {
    try {
      this.incoming.append(chunk);
      for (let message = this.incoming.readMessage(); message !== null; message = this.incoming.readMessage())
        this.onmessage?.(message);
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error(String(error)));
      // The next message would begin nobody knows where.
      void this.close();
    }
  }
}

const settlesWithin = (work: Promise<void>, ms: number): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
