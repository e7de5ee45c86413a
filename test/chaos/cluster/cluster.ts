/** Nodes, each a process, that are killed, stopped and started again while somebody uses them. */
import { setTimeout as pause } from "node:timers/promises";
import type { TaskService } from "@agentcore/core/tasks";
import { type Method, NodeProcess } from "../../e2e/node-process.ts";

// Longer than a lease: a stopped node answers nothing, and what was asked of it is asked of another.
const CALL_LIMIT_MS = 6_000;

export interface NodeSetup {
  readonly name: string;
  readonly dataDirectory: string;
  readonly env: Readonly<Record<string, string>>;
}

export class Cluster {
  private readonly setups: readonly NodeSetup[];
  private readonly program: URL;
  private readonly nodes: (NodeProcess | null)[];
  private next = 0;
  private isEnding = false;

  /** `program`: what each node runs; its data folder is argv[2]. */
  constructor(setups: readonly NodeSetup[], program: URL) {
    this.setups = setups;
    this.program = program;
    this.nodes = setups.map(() => null);
  }

  get size(): number {
    return this.setups.length;
  }

  /** Resolves when it takes work, or has died of something; then it is started again, as a supervisor would. */
  async start(index: number): Promise<void> {
    const setup = this.setups[index];
    if (setup === undefined || this.isEnding) return;
    const node = NodeProcess.launch(setup.dataDirectory, { ...setup.env, CLUSTER_NODE: setup.name }, this.program);
    void node.gone.then(async () => {
      if (this.nodes[index] === node) this.nodes[index] = null;
      await pause(500);
      await this.start(index);
    });
    await node.ready().then(
      () => {
        this.nodes[index] = node;
      },
      () => undefined,
    );
  }

  /** Takes it down without a goodbye; false when it was down already. */
  async kill(index: number): Promise<boolean> {
    const node = this.nodes[index];
    if (node === null || node === undefined) return false;
    this.nodes[index] = null;
    await node.kill();
    return true;
  }

  /** Stands still for that long; then goes on as if nothing had been. */
  async stop(index: number, ms: number): Promise<boolean> {
    const node = this.nodes[index];
    if (node === null || node === undefined) return false;
    node.signal("SIGSTOP");
    await pause(ms);
    node.signal("SIGCONT");
    return true;
  }

  /** Asks one node after another until one answers. Rejects with the answer when it is a refusal that another would give too. */
  async call<Name extends Method>(method: Name, ...args: unknown[]): Promise<Awaited<ReturnType<TaskService[Name]>>> {
    for (;;) {
      this.next += 1;
      const node = this.nodes[this.next % this.nodes.length];
      if (node === null || node === undefined) {
        await pause(50);
        continue;
      }
      try {
        const limit = pause(CALL_LIMIT_MS, undefined, { ref: false }).then(() => {
          throw new Error("no answer");
        });
        return (await Promise.race([node.call(method, ...args), limit])) as Awaited<ReturnType<TaskService[Name]>>;
      } catch (error) {
        const code = error instanceof Error && "code" in error ? error.code : "";
        if (REFUSALS.has(String(code))) throw error;
        await pause(100);
      }
    }
  }

  async end(): Promise<void> {
    this.isEnding = true;
    await Promise.all(this.nodes.flatMap((node) => (node === null ? [] : [node.kill()])));
  }
}

const REFUSALS: ReadonlySet<string> = new Set([
  "TASK_NOT_FOUND",
  "TASK_TERMINAL",
  "TASK_NOT_CANCELABLE",
  "TASK_NOT_RETRIABLE",
  "INVALID_ARGUMENT",
  "CONFLICT",
]);
