/** The worktree of one task, as each of its steps opens it. */
import { mkdir } from "node:fs/promises";
import { TerminalError } from "@agentcore/contract";
import type { TaskInput } from "@agentcore/contract/authoring";
import type { CodingRuntime } from "../coding-runtime.ts";
import type { GitPlace } from "../git/git.ts";
import { openWalls } from "../isolation/walls.ts";
import type { Launch } from "../process/launch.ts";
import { launchChild } from "../process/launch-child.ts";
import { type CheckResult, runChecks } from "../process/run-check.ts";
import { type RunPaths, readRecord, runPaths } from "../work/run-record.ts";
import { keyOf, openWorksite, type WorkBase, type Worksite } from "../work/workplace.ts";
import { CODING_DEFAULTS } from "./coding-defaults.ts";
import { endOf } from "./coding-prompts.ts";
import { secretBlanker } from "./secret-blanker.ts";

const MAX_CHECK_BYTES = 64 * 2 ** 20;

/** Where programs of the task are to work. */
interface WorkingPlace {
  readonly place: GitPlace;
  readonly base: WorkBase;
  /** That is checked out there; null: none is. */
  readonly branch: string | null;
}

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

  async open(signal: AbortSignal, { isPrepared = true } = {}): Promise<Worksite> {
    const { runtime, task, base } = this;
    const { spec, stateFolder, name } = runtime;
    runtime.enter(this.key);
    // It ends what a node that was killed has left in one, also what nobody could know by its mark.
    if (spec.isolation !== undefined) await runtime.shared.sandbox();
    return openWorksite(
      {
        ...{ stateFolder, tenantId: task.tenantId, taskId: task.id, agent: name },
        ...{ repository: spec.repository, base: spec.base, settled: base ?? undefined },
        refuse: (folder) => runtime.refuse(task.tenantId, folder),
        ...{ person: spec.author ?? CODING_DEFAULTS.author, now: Date.now() },
        prepare: isPrepared ? (site, during) => this.prepare(site, during) : null,
      },
      signal,
    );
  }

  /** Commands of the agent's manifest, in a folder of the task's. */
  async run(
    commands: readonly (readonly string[])[],
    working: WorkingPlace & { readonly marker: string },
    signal: AbortSignal,
  ): Promise<readonly CheckResult[]> {
    if (commands.length === 0) return [];
    const { runtime } = this;
    const blank = secretBlanker(runtime.secrets());
    const refused: string[] = [];
    const request = {
      ...{ cwd: working.place.folder, env: await this.environment(), marker: working.marker },
      ...{
        maxOutputBytes: MAX_CHECK_BYTES,
        launch: await this.launch(working, signal, (message) => refused.push(message)),
      },
      timeoutMs: runtime.spec.checkTimeoutMs ?? CODING_DEFAULTS.checkTimeoutMs,
    };
    const checks = await runChecks(commands, request, signal);
    // What was refused is seldom the word that a command ends with. The last one is that which failed.
    return checks.map((check, at) => {
      const told = at === checks.length - 1 && !check.passed ? refused : [];
      return { ...check, output: [blank(check.output), ...told].filter((text) => text !== "").join("\n") };
    });
  }

  /** With its home there. */
  async environment(): Promise<Readonly<Record<string, string>>> {
    const { runtime, task, paths } = this;
    const environment = runtime.environment(task.tenantId, runtime.spec.isolation === undefined ? null : paths.home);
    const home = environment["HOME"];
    if (home !== undefined && runtime.spec.home !== "node") await mkdir(home, { recursive: true, mode: 0o700 });
    return environment;
  }

  /** How programs are begun there. What they are to read is there already. `onRefused` hears what of the network they asked for in vain. */
  async launch(
    { place, base, branch }: WorkingPlace,
    signal: AbortSignal,
    onRefused: (message: string) => void,
  ): Promise<Launch> {
    const { runtime, task, paths } = this;
    const { spec, stateFolder, shared } = runtime;
    if (spec.isolation === undefined) return launchChild;
    return openWalls(
      {
        ...{ sandbox: await shared.sandbox(), spec, stateFolder, paths, place, branch },
        ...{ commonDir: base.commonDir, branches: { [base.base]: base.baseCommit } },
        person: spec.author ?? CODING_DEFAULTS.author,
        refuse: (folder) => runtime.refuse(task.tenantId, folder),
        hostPolicy: runtime.hostPolicy,
        onRefusedHost: (refused) =>
          onRefused(runtime.noteRefused(refused, { tenantId: task.tenantId, taskId: task.id })),
      },
      signal,
    );
  }

  private async prepare({ place, record }: Worksite, signal: AbortSignal): Promise<void> {
    const { prepare = [] } = this.runtime.spec;
    const working = { place, base: record, branch: record.branch, marker: record.marker };
    const checks = await this.run(prepare, working, signal);
    const failed = checks.find(({ passed }) => !passed);
    if (failed !== undefined)
      throw new TerminalError(
        `the worktree cannot be prepared: ${failed.command.join(" ")} ${endOf(failed)}: ${failed.output}`,
      );
  }
}
