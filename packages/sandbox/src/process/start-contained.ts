/**
 * Starts a process apart and watches it. The order of its parts: setpriv asks to be ended with the node, a shell joins the cgroup, prlimit sets what each process may take,
 * bubblewrap makes the namespaces, setpriv lets go of what is left of root, the program begins. Each replaces the one before.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex, Readable, Writable } from "node:stream";
import { CancelledError } from "@agentcore/contract";
import { type Cgroup, openCgroup } from "../cgroups/open-cgroup.ts";
import type { EndingLimit } from "../limits/sandbox-limits.ts";
import { type Machine, sandboxUnavailable } from "../machine.ts";
import { bubblewrapArguments, bubblewrapOptions, FIRST_FILE_FD } from "./bubblewrap-arguments.ts";
import type { ContainedRun } from "./contained-run.ts";
import { openProcessMeter } from "./process-meter.ts";
import { seccompFilter } from "./seccomp-filter.ts";

export interface Usage {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMemoryBytes: number;
}

export interface Ending {
  /** As a shell tells it: 128 + n after signal n. */
  readonly exitCode: number;
  /** Which limit it was ended for. */
  readonly limit?: EndingLimit | undefined;
  readonly usage: Usage;
}

export interface Contained {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** As many as it is to have. */
  readonly channels: readonly Duplex[];
  /** Where it has messages. */
  readonly messages: Pick<ChildProcess, "once" | "send">;
  /** What came last of its stderr. */
  said(): string;
  /** What it has used of the processor until now, all its processes together. */
  cpuMs(): number;
  /** From now on its limits of time count, unless it has ended. */
  begin(): void;
  /** Ends it now, for that limit. */
  exceed(limit: EndingLimit): void;
  /** Asks the program, and what is of its group still, to end. */
  ask(): void;
  /** Ends it now, with all that it began: exit code 137. */
  kill(): void;
  /** Once all its processes are gone. Rejects with the reason of the signal, or with SANDBOX_UNAVAILABLE when it could not begin. */
  readonly ended: Promise<Ending>;
}

// How late a limit of the processor is seen; reading what was used takes some 20 µs.
const LOOK_EVERY_MS = 25;
// The shell, prlimit and bubblewrap outside are one process, and bubblewrap inside another.
const OWN_PROCESSES = 2;
const OPEN_FILES = 1_024;
const SAID_BYTES = 4_096;

// Constant text: what it works on comes as its arguments. Whoever's parent is somebody else by now would never learn of its end.
const JOIN =
  '[ "$PPID" = "$1" ] || exit 125; n=$2; shift 2; while [ "$n" -gt 0 ]; do echo 0 > "$1" || exit 125; shift; n=$((n - 1)); done; exec "$@"';

/** Throws SANDBOX_UNAVAILABLE when this machine cannot hold a limit of it. */
export const startContained = (run: ContainedRun, machine: Machine, signal?: AbortSignal): Contained => {
  signal?.throwIfAborted();
  let startedAt = performance.now();
  let usedToStartMs = 0;
  const cgroup = openGroup(run, machine);
  let child: ChildProcess;
  try {
    child = launch(run, machine, cgroup);
    // Without descriptors left it has none, whatever its type says.
    if ((child.stdio as unknown) === undefined) {
      child.once("error", () => {});
      throw sandboxUnavailable(
        "no process can be started: this one has too many files open",
        "Raise its limit (ulimit -n).",
      );
    }
  } catch (error) {
    void cgroup?.close();
    throw error;
  }
  const [stdin, stdout, stderr, first, second, filter, status, options] = child.stdio as unknown as [
    ...[Writable, Readable, Readable, Duplex | null, Duplex | null, Writable, Readable, Writable],
  ];
  const channels = [first, second].filter((channel) => channel !== null);
  // Whoever writes to what has ended learns it by `ended`.
  for (const stream of [stdin, ...channels, filter, options, ...child.stdio.slice(FIRST_FILE_FD)])
    (stream as Writable).on("error", () => {});
  options.end(bubblewrapOptions(run, machine));
  filter.end(seccompFilter(machine.architecture, { onlyThreads: run.onlyThreads }));
  for (const [index, { content }] of run.files.entries()) (child.stdio[FIRST_FILE_FD + index] as Writable).end(content);
  const said = tailOf(stderr);
  const progress = readProgress(status);

  let limit: EndingLimit | undefined;
  const meter = cgroup ?? openProcessMeter(() => progress.pid);
  const end = (): void => {
    child.kill("SIGKILL");
    // Its parent's end ends it too, but not if that came before it had asked for that.
    if (progress.pid !== undefined && progress.exitCode === undefined) signalQuietly(progress.pid, "SIGKILL");
  };
  const ask = (): void => {
    // The first process inside leads the group of the program, and takes no signal itself.
    if (progress.pid === undefined) end();
    else if (progress.exitCode === undefined) signalQuietly(-progress.pid, "SIGTERM");
  };
  const exceed = (which: EndingLimit): void => {
    limit ??= which;
    end();
  };
  let hasBegun = run.startMs === undefined;
  const wallAfter = (ms: number | null): NodeJS.Timeout | undefined =>
    ms === null ? undefined : setTimeout(() => (hasBegun ? exceed("wallMs") : end()), ms);
  let wall = wallAfter(run.startMs ?? run.limits.wallMs);
  const begin = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    startedAt = performance.now();
    usedToStartMs = meter.cpuMs();
    clearTimeout(wall);
    wall = wallAfter(run.limits.wallMs);
  };
  const { cpuMs } = run.limits;
  const watch = (): void => {
    if (cpuMs !== null && hasBegun && meter.cpuMs() - usedToStartMs > cpuMs) exceed("cpuMs");
    if (cgroup === null && meter.peakMemoryBytes() > run.limits.memoryBytes + run.base.memoryBytes)
      exceed("memoryBytes");
    // Version 1 ends one process of many, and the others might wait for it without end; version 2 ends all.
    if (cgroup !== null && cgroup.memoryKills() > 0) exceed("memoryBytes");
  };
  const look = cpuMs === null && cgroup !== null ? undefined : setInterval(watch, LOOK_EVERY_MS);
  signal?.addEventListener("abort", end);

  const finish = async (): Promise<Ending> => {
    const failure = await new Promise<Error | undefined>((resolve) => {
      child.once("error", resolve);
      child.once("close", () => resolve(undefined));
    });
    // What would begin now has ended: nobody would stop its clock any more.
    hasBegun = true;
    clearTimeout(wall);
    clearInterval(look);
    signal?.removeEventListener("abort", end);
    const usage = {
      wallMs: performance.now() - startedAt,
      cpuMs: meter.cpuMs() - usedToStartMs,
      peakMemoryBytes: meter.peakMemoryBytes(),
    };
    const memoryKills = cgroup?.memoryKills() ?? 0;
    await cgroup?.close();
    if (signal?.aborted === true) throw signal.reason instanceof Error ? signal.reason : new CancelledError();
    const isKilled = limit !== undefined || memoryKills > 0 || child.signalCode === "SIGKILL";
    if (progress.exitCode === undefined && !isKilled) throw didNotBegin(failure?.message ?? said(), machine);
    // Killed by one of ours; the shell's way of telling it.
    const exitCode = progress.exitCode ?? 128 + 9;
    if (limit === undefined) limit = afterwards(run, { exitCode, memoryKills, usage, said: said() }, cgroup !== null);
    return { exitCode, limit, usage };
  };
  return {
    stdin,
    stdout,
    stderr,
    channels,
    messages: child,
    said,
    cpuMs: () => meter.cpuMs(),
    begin,
    exceed,
    ask,
    kill: end,
    ended: finish(),
  };
};

const openGroup = (run: ContainedRun, { cgroups, isRoot }: Machine): Cgroup | null => {
  if (cgroups.version !== null) {
    return openCgroup(cgroups, {
      memoryBytes: run.limits.memoryBytes + run.base.memoryBytes,
      processes: run.onlyThreads ? THREADS + OWN_PROCESSES : run.limits.processes + OWN_PROCESSES,
    });
  }
  if (run.onlyThreads) return null;
  const nextStep = isRoot
    ? "Give this process a writable cgroup with the controllers memory and pids."
    : "Start the node below a cgroup of its own, for example with `systemd-run --user --scope -p Delegate=yes` or `Delegate=yes` in its unit.";
  throw sandboxUnavailable(`memoryBytes and processes of a program need a cgroup, and ${cgroups.reason}`, nextStep);
};

// Of Node and what it runs.
const THREADS = 64;

const launch = (run: ContainedRun, machine: Machine, cgroup: Cgroup | null): ChildProcess => {
  const { limits, base } = run;
  const seconds = limits.cpuMs === null ? null : Math.ceil((limits.cpuMs + (run.startMs ?? 0)) / 1_000) + 1;
  const resources = [
    // Of each process: the watch over all of them is finer, and this holds should it be late.
    ...(seconds === null ? [] : [`--cpu=${seconds}`]),
    ...["--core=0", `--fsize=${run.maxFileBytes ?? limits.fileBytes}`, `--nofile=${run.openFiles ?? OPEN_FILES}`],
    ...(cgroup === null ? [`--data=${limits.memoryBytes + base.dataBytes}`] : []),
  ];
  const contained = [machine.prlimit, ...resources, machine.bwrap, ...bubblewrapArguments(run, machine)];
  const join = cgroup?.joinFiles ?? [];
  const shell = [machine.shell, "-c", JOIN, "sh", String(process.pid), String(join.length), ...join];
  return spawn(machine.setpriv, ["--pdeathsig", "KILL", "--", ...shell, ...contained], {
    cwd: "/",
    env: { ...run.mark },
    stdio: [
      "pipe",
      "pipe",
      "pipe",
      run.hasMessages === true ? "ipc" : run.channels === undefined ? "ignore" : "pipe",
      run.descriptor ?? (run.channels === 2 ? "pipe" : "ignore"),
      "pipe",
      "pipe",
      "pipe",
      ...run.files.map(() => "pipe" as const),
    ],
  });
};

/** Which limit a process met by itself: the kernel ends what holds too much, and so does its own memory when it is refused more. */
const afterwards = (
  { limits }: ContainedRun,
  seen: { readonly exitCode: number; readonly memoryKills: number; readonly usage: Usage; readonly said: string },
  hasCgroup: boolean,
): EndingLimit | undefined => {
  if (seen.exitCode < 128) return undefined;
  if (seen.memoryKills > 0) return "memoryBytes";
  if (limits.cpuMs !== null && seen.usage.cpuMs > limits.cpuMs) return "cpuMs";
  return !hasCgroup && OUT_OF_MEMORY.test(seen.said) ? "memoryBytes" : undefined;
};

// What V8 and the C++ library say before they give up.
const OUT_OF_MEMORY = /out of memory|allocation failed|bad_alloc|cannot allocate/i;

interface Progress {
  /** Outside; undefined until the namespaces are made. */
  pid: number | undefined;
  exitCode: number | undefined;
}

/** Lines of JSON: `{ "child-pid": 7 … }`, later `{ "exit-code": 0 }`. */
const readProgress = (status: Readable): Progress => {
  const progress: Progress = { pid: undefined, exitCode: undefined };
  let text = "";
  status.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
    progress.pid = numberOf(/"child-pid": (\d+)/.exec(text)) ?? progress.pid;
    progress.exitCode = numberOf(/"exit-code": (\d+)/.exec(text)) ?? progress.exitCode;
  });
  status.on("error", () => {});
  return progress;
};

const numberOf = (match: RegExpExecArray | null): number | undefined =>
  match?.[1] === undefined ? undefined : Number(match[1]);

const tailOf = (stderr: Readable): (() => string) => {
  let tail = "";
  stderr.on("data", (piece: Buffer) => {
    tail = (tail + piece.toString("utf8")).slice(-SAID_BYTES);
  });
  return () => tail.trim();
};

const didNotBegin = (said: string, { isRoot }: Machine): Error =>
  sandboxUnavailable(
    `a process could not be put apart: ${said || "bubblewrap ended without a word"}`,
    isRoot
      ? "Allow this process to make namespaces (in a container: the capability SYS_ADMIN, or start the node as another user and allow user namespaces)."
      : "Allow user namespaces for this account (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; in a container its seccomp profile).",
  );

const signalQuietly = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already.
  }
};
