/** A real node in a process of its own, driven through IPC: one request, one answer. */
import { type ChildProcess, fork } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TaskService } from "@agentcore/core/tasks";

/** Node's own default place. A quarter of a short life is spent on stripping types otherwise. */
export const NODE_COMPILE_CACHE = join(tmpdir(), "node-compile-cache");

type Calls = Pick<TaskService, "submit" | "send" | "retry" | "head" | "log" | "list" | "settled" | "cancel">;
export type Method = keyof Calls;

export interface NodeRequest {
  readonly id: number;
  readonly method: Method;
  readonly args: readonly unknown[];
}

export type NodeAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class NodeProcess {
  /** Resolves with the signal (or null) when the process is gone. */
  readonly gone: Promise<string | null>;
  private readonly child: ChildProcess;
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private stderr = "";

  private constructor(child: ChildProcess) {
    this.child = child;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.gone = new Promise((resolve) =>
      child.once("exit", (code, signal) => {
        for (const { reject } of this.pending.values())
          reject(new Error(`the node is gone (${code} ${signal}) ${this.stderr}`));
        this.pending.clear();
        resolve(signal);
      }),
    );
    child.on("message", (answer: NodeAnswer) => {
      const pending = this.pending.get(answer.id);
      this.pending.delete(answer.id);
      if ("value" in answer) pending?.resolve(answer.value);
      else pending?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
    });
  }

  /** Resolves when the node takes work. Rejects when it dies first. */
  static async start(dataDirectory: string, env: Readonly<Record<string, string>> = {}): Promise<NodeProcess> {
    const node = NodeProcess.launch(dataDirectory, env);
    await node.ready();
    return node;
  }

  /** `program`: the module of the process, told the data folder. */
  static launch(
    dataDirectory: string,
    env: Readonly<Record<string, string>> = {},
    program = new URL("./restart-node.ts", import.meta.url),
  ): NodeProcess {
    const child = fork(fileURLToPath(program), [dataDirectory], {
      execArgv: ["-C", "agentcore-source"],
      env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE, ...env },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    return new NodeProcess(child);
  }

  /** The node answers once it runs; what is asked before waits in the pipe. */
  async ready(): Promise<void> {
    await this.call("list", { pageSize: 1 });
  }

  call<Name extends Method>(method: Name, ...args: unknown[]): ReturnType<Calls[Name]> {
    this.lastId += 1;
    const request: NodeRequest = { id: this.lastId, method, args };
    return new Promise<unknown>((resolve, reject) => {
      this.pending.set(request.id, { resolve, reject });
      this.child.send(request, (error) => {
        if (error === null || !this.pending.delete(request.id)) return;
        reject(error);
      });
    }) as ReturnType<Calls[Name]>;
  }

  /** Stopped, it does nothing and knows nothing of it until it is continued; by SIGTERM it is asked to end. */
  signal(name: "SIGSTOP" | "SIGCONT" | "SIGTERM"): void {
    this.child.kill(name);
  }

  kill(): Promise<string | null> {
    this.child.kill("SIGKILL");
    return this.gone;
  }
}
