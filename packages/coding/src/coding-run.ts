/**
 * What a task of a coding agent does, written with `ctx` like anybody's code:
 *
 *   worktree   its base is settled and its worktree made
 *   program    the program runs once, as a tool, so that it is begun at most once, held in budgets, and judged by policies
 *   events     what it tells meanwhile, in batches, each recorded and shown as progress
 *   collect    what it left becomes a commit
 *   checks     the commands of `validate`; what fails is told to the program, which goes on while turns are left
 *   describe   commits, files and the patch
 *   close      the worktree goes, the branch stays if there is work on it
 *   decision   people are asked, if they are to be
 *   merge      into the base
 *
 * R1 A run that was cut off is known by OUTCOME_UNKNOWN of its tool; it is gone on with in its session, or begun anew from the last commit.
 * R2 What decides comes from the log alone: results of steps and of the tool, never the events that are still on their way.
 * R3 Every step that touches the worktree opens it first: it may be another process, in another life of the node.
 */
import { lstat, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PlatformError, TerminalError } from "@agentcore/contract";
import type { Context, StepContext, TaskInput, Tool, ToolContext } from "@agentcore/contract/authoring";
import { inputText, tool } from "@agentcore/sdk";
import { CUT_OFF, describeFailure, endOf } from "./coding-prompts.ts";
import type { CodingResult } from "./coding-result.ts";
import type { CodingRuntime } from "./coding-runtime.ts";
import { bounded, type CodingEvent } from "./dialects/coding-event.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { dialectOf } from "./dialects/dialects.ts";
import { addSpent, NOTHING_SPENT, type RunSummary, RunTally, type Spent } from "./dialects/run-tally.ts";
import { EventQueue } from "./event-queue.ts";
import type { CommittedWork } from "./git/commit-work.ts";
import { describeWork, patchOf, type WorkDescription } from "./git/describe-work.ts";
import { type MergeOutcome, mergeBranch } from "./git/merge-branch.ts";
import { type CheckResult, runChecks } from "./process/run-check.ts";
import { runProgram, type StopReason } from "./process/run-program.ts";
import { readRecord, removeRun, runPaths } from "./work/run-record.ts";
import {
  beginAnew,
  closeWorkplace,
  commitSite,
  deleteMergedBranch,
  freshFolder,
  keyOf,
  openWorksite,
  repositoryPlace,
  restoreSite,
  type WorkBase,
  type Worksite,
} from "./work/workplace.ts";

/** What the tool comes to, as the log has it. */
interface ProgramRun extends RunSummary {
  readonly exitCode: number;
  readonly stopped: StopReason | null;
  readonly stderr: string;
}

/** How a run of the program ended, for the task. */
type Ended =
  | { readonly how: "done" | "turns"; readonly run: ProgramRun }
  | { readonly how: "failed" | "stopped"; readonly run: ProgramRun; readonly why: string }
  | { readonly how: "lost" };

interface Work {
  readonly collected: CommittedWork;
  readonly checks: readonly CheckResult[] | null;
  readonly reasons: readonly string[];
}

export const DEFAULTS = {
  maxTurns: 10,
  maxTries: 3,
  maxCostUsd: 5,
  timeoutMs: 1_800_000,
  maxOutputBytes: 64 * 2 ** 20,
  checkTimeoutMs: 600_000,
  author: { name: "AgentCore", email: "agentcore@localhost" },
} as const;

const MAX_CHECK_BYTES = 64 * 2 ** 20;
const MAX_PATCH_BYTES = 512 * 1024;
const MAX_SHOWN_BYTES = 32 * 1024;
// Of a task; what comes after them is counted.
const MAX_PROGRESS = 500;
const PROGRESS_CHARACTERS = 2_000;
// Beyond the program's own time: for its end, and the way to it.
const TOOL_GRACE_MS = 120_000;
// Batches grow longer with the run, so that an hour of it fits into a log many times.
const WINDOWS = [
  { until: 60, ms: 1_000 },
  { until: 200, ms: 5_000 },
  { until: Number.POSITIVE_INFINITY, ms: 30_000 },
] as const;
// Of the folder of a process that is ending, and of providers that are away.
const OPEN_RETRY = { maxAttempts: 12, initialDelayMs: 250, maxDelayMs: 5_000 } as const;
const FIRST_RETRY_MS = 1_000;

export const createCodingRun =
  (runtime: CodingRuntime) =>
  (task: TaskInput<unknown>, ctx: Context): Promise<CodingResult> =>
    new CodingRun(runtime, task, ctx).run();

class CodingRun {
  private readonly runtime: CodingRuntime;
  private readonly task: TaskInput<unknown>;
  private readonly ctx: Context;
  private readonly dialect: Dialect;
  private readonly key: string;
  private readonly maxTurns: number;
  private base: WorkBase | null = null;
  private session: string | null = null;
  /** Of the session, as far as its runs have told. */
  private sessionSpent: Spent = NOTHING_SPENT;
  private spent: Spent = NOTHING_SPENT;
  private turns = 0;
  private text = "";
  private told = 0;
  private batches = 0;

  constructor(runtime: CodingRuntime, task: TaskInput<unknown>, ctx: Context) {
    this.runtime = runtime;
    this.task = task;
    this.ctx = ctx;
    this.dialect = dialectOf(runtime.spec);
    this.key = keyOf(task.tenantId, task.id);
    this.maxTurns = runtime.spec.maxTurns ?? DEFAULTS.maxTurns;
  }

  async run(): Promise<CodingResult> {
    const { ctx, runtime, key } = this;
    runtime.enter(key);
    // The task goes elsewhere, and what is below never goes on.
    ctx.signal.addEventListener("abort", () => runtime.leave(key), { once: true });
    try {
      return await this.work();
    } catch (error) {
      const closing = this.close("Work of a task that did not come to its end");
      // Where nothing was settled, what is to be told is why.
      const kept = await (this.base === null ? closing.catch(() => null) : closing);
      throw kept === null ? error : withBranch(error, kept);
    } finally {
      runtime.leave(key);
      void runtime.sweep();
    }
  }

  private async work(): Promise<CodingResult> {
    const { ctx } = this;
    const base = await ctx.step(
      "worktree",
      async ({ signal }): Promise<WorkBase> => {
        const { record } = await this.site(signal);
        const { commonDir, branch, base: name, baseCommit } = record;
        return { commonDir, branch, base: name, baseCommit };
      },
      { retry: OPEN_RETRY },
    );
    this.base = base;
    const work = await this.runProgram(base);
    ctx.signal.throwIfAborted();
    const changes = await this.describe(base, work.collected);
    const branch = await this.close("Work of a coding agent");
    return this.deliver(base, work, changes, branch);
  }

  // ── program ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Until it is done and passes, or turns or tries are used up. */
  private async runProgram(base: WorkBase): Promise<Work> {
    const { ctx, runtime, dialect } = this;
    const task = inputText(this.task);
    let prompt = task;
    let commit = base.baseCommit;
    for (let tries = 0; ; ) {
      const ended = await this.once(prompt);
      ctx.signal.throwIfAborted();
      if (ended.how === "lost" || ended.how === "failed") {
        tries += 1;
        const why = ended.how === "lost" ? "its process was lost with the node" : ended.why;
        if (tries >= (runtime.spec.maxTries ?? DEFAULTS.maxTries))
          throw new TerminalError(`${runtime.spec.program} did not come to an end in ${tries} tries: ${why}`);
        await this.say(`${runtime.spec.program}: ${why}; it is tried again`);
        // A session that cannot be gone on with is none.
        const isResumable = dialect.resumes && this.session !== null && (ended.how === "lost" || ended.run.turns > 0);
        if (isResumable) prompt = CUT_OFF;
        else {
          await this.beginAnew(commit, tries);
          prompt = task;
        }
        if (ended.how === "failed") await ctx.sleep(FIRST_RETRY_MS * 4 ** (tries - 1), { key: `retry ${tries}` });
        continue;
      }
      const work = await this.collect(ended);
      commit = work.collected.commit;
      const failed = (work.checks ?? []).filter(({ passed }) => !passed);
      const isWrong = failed.length > 0 || work.collected.leftOut.length > 0;
      if (!isWrong || ended.how !== "done" || this.turns >= this.maxTurns) return work;
      await this.say(
        `does not pass: ${failed.map((check) => `${check.command.join(" ")} ${endOf(check)}`).join("; ")}`,
      );
      const failure = describeFailure(work.checks ?? [], work.collected.leftOut);
      prompt = dialect.resumes && this.session !== null ? failure : `${task}\n\n${failure}`;
      if (!dialect.resumes) this.session = null;
    }
  }

  /** One run, and what it tells meanwhile. */
  private async once(prompt: string): Promise<Ended> {
    const { ctx } = this;
    const { queue, program } = this.programTool(prompt, this.session, this.sessionSpent);
    const running = ctx.tool(program, { prompt: bounded(prompt, MAX_SHOWN_BYTES), session: this.session }).then(
      (run) => ({ run }),
      (error: unknown) => ({ error }),
    );
    // Also where it never began: the events end with it.
    void running.then(() => queue.close());
    let session = this.session;
    for (let isLast = false; !isLast; ) {
      const { ms } = WINDOWS.find(({ until }) => this.batches < until) ?? WINDOWS[2];
      this.batches += 1;
      const batch = await ctx.step("events", ({ signal }) => queue.take(ms, signal));
      ({ isLast } = batch);
      for (const event of batch.events) {
        if (event.type === "session") session = event.id;
        await this.tell(event);
      }
    }
    const outcome = await running;
    if ("error" in outcome) {
      if (!PlatformError.is(outcome.error) || outcome.error.code !== "OUTCOME_UNKNOWN") throw outcome.error;
      this.session = session;
      return { how: "lost" };
    }
    return this.note(outcome.run);
  }

  private note(run: ProgramRun): Ended {
    const { result, stopped, exitCode, turns } = run;
    this.turns += Math.max(1, turns);
    this.spent = addSpent(this.spent, run.spent);
    this.sessionSpent = run.session === this.session ? addSpent(this.sessionSpent, run.spent) : run.spent;
    this.session = run.session ?? this.session;
    if (run.text !== "") this.text = run.text;
    if (stopped === "turns" || result?.outcome === "turns") return { how: "turns", run };
    if (stopped !== null) return { how: "stopped", run, why: `it ${endOf(run)}` };
    if (result?.outcome === "budget") return { how: "stopped", run, why: "it has spent what one run may cost" };
    if (result?.outcome === "done" || (result === null && exitCode === 0)) return { how: "done", run };
    const said = result?.text || run.problem || run.text || run.stderr.trim();
    return { how: "failed", run, why: bounded(said || `it ended with ${exitCode}`, PROGRESS_CHARACTERS) };
  }

  /** Made anew for each run, and for each replay of it. */
  private programTool(prompt: string, session: string | null, before: Spent) {
    const { runtime, dialect } = this;
    const { spec } = runtime;
    let hold: (isHeld: boolean) => void = () => undefined;
    const queue = new EventQueue((isHeld) => hold(isHeld));
    const maxCostUsd = spec.maxCostUsd ?? (dialect.tellsCost ? DEFAULTS.maxCostUsd : undefined);
    const timeoutMs = spec.timeoutMs ?? DEFAULTS.timeoutMs;
    const maxTurns = Math.max(1, this.maxTurns - this.turns);
    const execute = async (_: unknown, { signal, spent }: ToolContext): Promise<ProgramRun> => {
      const site = await this.site(signal);
      const { place, record, paths } = site;
      const { trustsRepository = false } = spec;
      if (!trustsRepository) await refuseSettings(spec.program, dialect, place.folder);
      const secrets = runtime.secrets();
      const { args, stdin, env, files } = dialect.invoke({
        ...{
          prompt,
          session,
          maxTurns,
          maxCostUsd,
          folder: await freshFolder(paths.program),
        },
        ...{ model: spec.model, instructions: spec.instructions, allowedTools: spec.allowedTools },
        ...{ args: spec.args ?? [], resumeArgs: spec.resumeArgs, trustsRepository },
      });
      for (const [name, content] of Object.entries(files))
        await writeFile(join(paths.program, name), content, { mode: 0o600 });
      const tally = new RunTally(before);
      const running = await runProgram(
        {
          ...{
            command: spec.command ?? dialect.command,
            args,
            stdin,
            cwd: place.folder,
            marker: record.marker,
            timeoutMs,
          },
          env: { ...(await this.environment()), ...env },
          maxOutputBytes: spec.maxOutputBytes ?? DEFAULTS.maxOutputBytes,
        },
        (line) => {
          for (const event of dialect.read(withoutSecrets(line, secrets))) {
            tally.note(event);
            queue.add(event);
          }
          // It was to stop by itself; who cannot is stopped as it begins the next.
          if (tally.turnCount > maxTurns) running.stop("turns");
        },
        signal,
      );
      hold = running.hold;
      runtime.shared.note(running.ended);
      const { exitCode, stopped, stderr } = await running.ended;
      const { summary } = tally;
      if (maxCostUsd !== undefined && summary.spent.costUsd !== null) spent?.(summary.spent.costUsd);
      const turns = stopped === "turns" ? maxTurns : summary.turns;
      return { ...summary, turns, exitCode, stopped, stderr: withoutSecrets(stderr, secrets) };
    };
    const program: Tool<unknown, ProgramRun> = tool({
      name: spec.program,
      description: `Runs ${spec.program} in the task's worktree`,
      input: ANYTHING,
      inputJsonSchema: {},
      timeoutMs: timeoutMs + TOOL_GRACE_MS,
      ...(maxCostUsd === undefined ? {} : { costUsd: maxCostUsd }),
      execute,
    });
    return { queue, program };
  }

  private async tell(event: CodingEvent): Promise<void> {
    switch (event.type) {
      case "text":
        return this.say(event.text);
      case "toolUse":
        return this.say(event.about === "" ? event.tool : `${event.tool}: ${event.about}`);
      case "problem":
        return this.say(`problem: ${event.message}`);
      default:
    }
  }

  private async say(message: string): Promise<void> {
    this.told += 1;
    if (this.told < MAX_PROGRESS) return this.ctx.progress(bounded(message, PROGRESS_CHARACTERS));
    if (this.told === MAX_PROGRESS) return this.ctx.progress("what comes of progress from here on is not shown");
  }

  private async beginAnew(commit: string, attempt: number): Promise<void> {
    this.session = null;
    this.sessionSpent = NOTHING_SPENT;
    const kept = await this.ctx.step("begin-anew", async ({ signal }) => {
      return { branch: await beginAnew(await this.site(signal), commit, attempt, signal) };
    });
    if (kept.branch !== null) await this.say(`what was there is kept on branch ${kept.branch}`);
  }

  // ── results ──────────────────────────────────────────────────────────────────────────────────────────────────

  private async collect(ended: Exclude<Ended, { how: "lost" | "failed" }>): Promise<Work> {
    const { ctx, runtime } = this;
    const message = messageOf(this.task);
    const collected = await ctx.step("collect", async ({ signal }) =>
      commitSite(await this.site(signal), message, signal),
    );
    const { validate = [] } = runtime.spec;
    const isChecked = collected.isChanged && validate.length > 0;
    const checks = isChecked ? await ctx.step("checks", (step) => this.check(step)) : null;
    const failed = (checks ?? []).filter(({ passed }) => !passed);
    return {
      ...{ collected, checks },
      reasons: [
        ...(ended.how === "turns" ? [`the ${this.maxTurns} turns are used up`] : []),
        ...(ended.how === "stopped" ? [`${runtime.spec.program} was stopped: ${ended.why}`] : []),
        ...failed.map((check) => `${check.command.join(" ")} ${endOf(check)}`),
        ...collected.leftOut.map((path) => `${path} is a repository of its own, and was left out`),
      ],
    };
  }

  /** What checks leave in the worktree is taken away: the next commit is the program's alone. */
  private async check({ signal }: StepContext): Promise<readonly CheckResult[]> {
    const site = await this.site(signal);
    const checks = await this.runChecks(
      this.runtime.spec.validate ?? [],
      site.place.folder,
      site.record.marker,
      signal,
    );
    await restoreSite(site, signal);
    return checks;
  }

  private async describe(base: WorkBase, { commit, isChanged }: CommittedWork): Promise<WorkDescription> {
    const { ctx, runtime } = this;
    const range = { from: base.baseCommit, to: commit };
    const place = repositoryPlace(base);
    const { changes, patch } = await ctx.step("describe", async ({ signal }) => ({
      changes: await describeWork(place, range, signal),
      patch: isChanged ? await patchOf(place, { ...range, maxBytes: MAX_PATCH_BYTES }, signal) : "",
    }));
    if (patch !== null && patch !== "")
      await ctx.artifact({
        name: "changes.patch",
        text: withoutSecrets(patch, runtime.secrets()),
        mediaType: "text/x-diff",
      });
    if (patch === null) await this.say(`the patch has more than ${MAX_PATCH_BYTES} bytes, and is on the branch alone`);
    return changes;
  }

  /** Resolves with the branch, if there is work on it. */
  private async close(message: string): Promise<string | null> {
    const { ctx, runtime } = this;
    const { branch } = await ctx.step(
      "close",
      async ({ signal }) => {
        if (this.base === null && (await readRecord(runPaths(runtime.stateFolder, this.key))) === null)
          return { branch: null };
        // Whole or not: what is left of it goes.
        const { paths, record } = await this.site(signal, { isPrepared: false });
        return { branch: await closeWorkplace({ paths, record }, message) };
      },
      { retry: OPEN_RETRY },
    );
    // From here on nothing is there to be swept.
    runtime.leave(this.key);
    return branch;
  }

  // ── deliver ──────────────────────────────────────────────────────────────────────────────────────────────────

  private async deliver(
    base: WorkBase,
    work: Work,
    changes: WorkDescription,
    branch: string | null,
  ): Promise<CodingResult> {
    const { spec } = this.runtime;
    const { collected, checks } = work;
    const result: CodingResult = {
      outcome: branch === null ? "unchanged" : "offered",
      complete: work.reasons.length === 0,
      ...{ reasons: work.reasons, text: this.text, branch, base: base.base, baseCommit: base.baseCommit },
      ...{ commit: collected.commit, changes, checks, turns: this.turns, spent: this.spent, session: this.session },
    };
    if (branch === null || spec.deliver !== "merge" || !result.complete) return result;
    const offered = (reason: string): CodingResult => ({ ...result, reasons: [reason] });
    if (changes.linksOut.length > 0)
      return offered(`not merged: links lead out of the repository: ${changes.linksOut.join(", ")}`);
    const refused = spec.approval === "always" ? await this.askPeople(base, result) : null;
    if (refused !== null) return offered(refused);
    const merged = await this.merge(base, collected.commit, branch);
    if (merged.outcome === "merged") return { ...result, outcome: "merged", branch: null, commit: merged.commit };
    return offered(`not merged: ${reasonOf(merged)}`);
  }

  /** Null: they approve, of exactly that commit. */
  private async askPeople(
    base: WorkBase,
    { commit, changes, checks, text, branch }: CodingResult,
  ): Promise<string | null> {
    const { approvers } = this.runtime.spec;
    const { files, filesChanged, added, removed, commits } = changes;
    const { choice, by } = await this.ctx.waitForDecision({
      prompt: `Merge ${branch} (${filesChanged} files, +${added} −${removed}) into ${base.base}?`,
      show: {
        ...{ branch, base: base.base, commit, filesChanged, added, removed },
        ...{ commits: commits.slice(0, 20), files: files.slice(0, 100), text: bounded(text, PROGRESS_CHARACTERS) },
        checks: (checks ?? []).map(({ command, passed }) => ({ command: bounded(command.join(" "), 200), passed })),
      },
      ...(approvers === undefined ? {} : { approvers }),
    });
    if (choice === "approve") return null;
    const said = by.map(({ caller, comment }) => (comment === undefined ? caller : `${caller}: ${comment}`));
    return `not merged: it was not approved by ${said.join("; ")}`;
  }

  private merge(base: WorkBase, commit: string, branch: string): Promise<MergeOutcome> {
    const { runtime, task, ctx } = this;
    const { spec, stateFolder } = runtime;
    const repository = repositoryPlace(base);
    const paths = runPaths(stateFolder, this.key);
    return ctx.step("merge", ({ signal }) =>
      runtime.shared.inTurn(async () => {
        await mkdir(dirname(paths.merge), { recursive: true, mode: 0o700 });
        const outcome = await mergeBranch(
          {
            ...{ repository, base: base.base, commit, folder: paths.merge, person: spec.author ?? DEFAULTS.author },
            message: `Merge ${branch}\n\n${messageOf(task)}`,
            check: async (folder, during) => {
              const commands = [...(spec.prepare ?? []), ...(spec.validate ?? [])];
              return this.runChecks(commands, folder, `${this.key}-merge`, during);
            },
          },
          signal,
        );
        if (outcome.outcome === "merged") await deleteMergedBranch(base, base.base, signal);
        await removeRun(paths);
        return outcome;
      }),
    );
  }

  // ── place ────────────────────────────────────────────────────────────────────────────────────────────────────

  private site(signal: AbortSignal, { isPrepared = true } = {}): Promise<Worksite> {
    const { runtime, task, base } = this;
    const { spec, stateFolder, name } = runtime;
    runtime.enter(this.key);
    return openWorksite(
      {
        ...{
          stateFolder,
          tenantId: task.tenantId,
          taskId: task.id,
          agent: name,
          repository: spec.repository,
          base: spec.base,
        },
        refuse: (folder) => runtime.refuse(task.tenantId, folder),
        ...{ person: spec.author ?? DEFAULTS.author, now: Date.now(), settled: base ?? undefined },
        prepare: isPrepared ? (place, during) => this.prepare(place, during) : null,
      },
      signal,
    );
  }

  private async prepare(
    { folder, marker }: { readonly folder: string; readonly marker: string },
    signal: AbortSignal,
  ): Promise<void> {
    const checks = await this.runChecks(this.runtime.spec.prepare ?? [], folder, marker, signal);
    const failed = checks.find(({ passed }) => !passed);
    if (failed !== undefined)
      throw new TerminalError(
        `the worktree cannot be prepared: ${failed.command.join(" ")} ${endOf(failed)}: ${failed.output}`,
      );
  }

  private async runChecks(
    commands: readonly (readonly string[])[],
    folder: string,
    marker: string,
    signal: AbortSignal,
  ): Promise<readonly CheckResult[]> {
    const { runtime } = this;
    const secrets = runtime.secrets();
    const request = {
      ...{ cwd: folder, env: await this.environment(), marker, maxOutputBytes: MAX_CHECK_BYTES },
      timeoutMs: runtime.spec.checkTimeoutMs ?? DEFAULTS.checkTimeoutMs,
    };
    const checks = await runChecks(commands, request, signal);
    return checks.map((check) => ({ ...check, output: withoutSecrets(check.output, secrets) }));
  }

  private async environment(): Promise<Readonly<Record<string, string>>> {
    const environment = this.runtime.environment(this.task.tenantId);
    const home = environment["HOME"];
    if (home !== undefined && this.runtime.spec.home !== "node") await mkdir(home, { recursive: true, mode: 0o700 });
    return environment;
  }
}

/** Looked for before each run: also the one before may have left it. */
const refuseSettings = async (program: string, { unstoppable = [] }: Dialect, folder: string): Promise<void> => {
  for (const name of unstoppable) {
    const found = await lstat(join(folder, name)).catch(() => null);
    if (found !== null)
      throw new PlatformError(
        "PERMISSION_DENIED",
        `the repository has ${name}, which ${program} would run code of whatever it is told; remove it, or set trustsRepository`,
      );
  }
};

const ANYTHING = {
  "~standard": { version: 1, vendor: "agentcore", validate: (value: unknown) => ({ value }) },
} as const;

const withoutSecrets = (text: string, secrets: readonly string[]): string =>
  secrets.reduce((left, secret) => left.replaceAll(secret, "[secret]"), text);

/** The first line is what the task says, as far as a subject may be long. */
const messageOf = (task: TaskInput<unknown>): string => {
  const text = inputText(task).replaceAll("\0", " ").trim();
  const [first = ""] = text.split("\n");
  const subject = first.length > 72 ? `${first.slice(0, 71)}…` : first || "Work of a coding agent";
  return `${subject}\n\n${text === first && first.length <= 72 ? "" : `${bounded(text, 4_000)}\n\n`}AgentCore-Task: ${task.id}\n`;
};

const reasonOf = (outcome: Exclude<MergeOutcome, { outcome: "merged" }>): string => {
  switch (outcome.outcome) {
    case "conflict":
      return `conflict in ${outcome.files.join(", ")}`;
    case "failed": {
      const failed = outcome.checks.filter(({ passed }) => !passed);
      return `merged with the base it does not pass: ${failed.map((check) => `${check.command.join(" ")} ${endOf(check)}`).join("; ")}`;
    }
    case "refused":
      return outcome.reason;
  }
};

const withBranch = (thrown: unknown, branch: string): PlatformError => {
  const error = PlatformError.from(thrown);
  const message = `${error.message} (what there is of its work is on branch ${branch})`;
  return new PlatformError(error.code, message, { details: { ...error.details, branch }, cause: error });
};
