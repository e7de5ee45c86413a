/** The worktree of one task, as each of its steps opens it. */
import { mkdir } from "node:fs/promises";
import { TerminalError } from "@agentcore/contract";
import type { TaskInput } from "@agentcore/contract/authoring";
import type { CodingRuntime } from "../coding-runtime.ts";
import { type CheckResult, runChecks } from "../process/run-check.ts";
import { type RunPaths, readRecord, runPaths } from "../work/run-record.ts";
import { keyOf, openWorksite, type WorkBase, type Worksite } from "../work/workplace.ts";
import { CODING_DEFAULTS } from "./coding-defaults.ts";
import { endOf } from "./coding-prompts.ts";
import { secretBlanker } from "./secret-blanker.ts";

const MAX_CHECK_BYTES = 64 * 2 ** 20;

type Place = { readonly folder: string; readonly marker: string };

export class TaskSite {
  readonly key: string;
  readonly paths: RunPaths;
  private readonly runtime: CodingRuntime;
  private readonly task: TaskInput<unknown>;
  private base: WorkBase | null = null;

  constructor(runtime: CodingRuntime, task: TaskInput<unknown>) {
    this.runtime = runtime;
    this.task = task;
    this.key = keyOf(task.tenantId, task.id);
    this.paths = runPaths(runtime.stateFolder, this.key);
  }

  /** Null: the task has not begun. */
  get settled(): WorkBase | null {
    return this.base;
  }

  /** As the log has it: from now on it is opened on that, also if the base has moved. */
  settle(base: WorkBase): void {
    this.base = base;
  }

  /** Whether there is anything of it on this node. */
  async isBegun(): Promise<boolean> {
    return this.base !== null || (await readRecord(this.paths)) !== null;
  }

  open(signal: AbortSignal, { isPrepared = true } = {}): Promise<Worksite> {
    const { runtime, task, base } = this;
    const { spec, stateFolder, name } = runtime;
    runtime.enter(this.key);
    return openWorksite(
      {
        ...{ stateFolder, tenantId: task.tenantId, taskId: task.id, agent: name },
        ...{ repository: spec.repository, base: spec.base, settled: base ?? undefined },
        refuse: (folder) => runtime.refuse(task.tenantId, folder),
        ...{ person: spec.author ?? CODING_DEFAULTS.author, now: Date.now() },
        prepare: isPrepared ? (place, during) => this.prepare(place, during) : null,
      },
      signal,
    );
  }

  /** Commands of the agent's manifest, in a folder of the task's. */
  async run(
    commands: readonly (readonly string[])[],
    { folder, marker }: Place,
    signal: AbortSignal,
  ): Promise<readonly CheckResult[]> {
    const { runtime } = this;
    const blank = secretBlanker(runtime.secrets());
    const request = {
      ...{ cwd: folder, env: await this.environment(), marker, maxOutputBytes: MAX_CHECK_BYTES },
      timeoutMs: runtime.spec.checkTimeoutMs ?? CODING_DEFAULTS.checkTimeoutMs,
    };
    const checks = await runChecks(commands, request, signal);
    return checks.map((check) => ({ ...check, output: blank(check.output) }));
  }

  /** With its home there. */
  async environment(): Promise<Readonly<Record<string, string>>> {
    const environment = this.runtime.environment(this.task.tenantId);
    const home = environment["HOME"];
    if (home !== undefined && this.runtime.spec.home !== "node") await mkdir(home, { recursive: true, mode: 0o700 });
    return environment;
  }

  private async prepare(place: Place, signal: AbortSignal): Promise<void> {
    const checks = await this.run(this.runtime.spec.prepare ?? [], place, signal);
    const failed = checks.find(({ passed }) => !passed);
    if (failed !== undefined)
      throw new TerminalError(
        `the worktree cannot be prepared: ${failed.command.join(" ")} ${endOf(failed)}: ${failed.output}`,
      );
  }
}
