/** A program with the rights of this account: a child that leads a process group of its own. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { PlatformError } from "@agentcore/contract";
import { endProcesses } from "./end-processes.ts";
import { endsWithUs } from "./find-program.ts";
import type { Launch } from "./launch.ts";
import { MARKER_VARIABLE } from "./process-identity.ts";

// For what is still in its pipes when others hold them open.
const DRAIN_MS = 1_000;

export const launchChild: Launch = async ({ file, args, cwd, env, marker }) => {
  const [first = file, ...rest] = [...endsWithUs(), file, ...args];
  const child = spawn(first, rest, {
    ...{ cwd, shell: false, detached: true, windowsHide: true, stdio: ["pipe", "pipe", "pipe"] },
    env: { ...env, [MARKER_VARIABLE]: marker },
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (cause) =>
      reject(new PlatformError("UNAVAILABLE", `${file} cannot be started: ${cause.message}`, { cause })),
    );
  });
  const { pid = 0, stdin, stdout, stderr } = child;
  // At once: it may come right behind the exit.
  const closed = new Promise<void>((resolve) => void child.once("close", () => resolve()));
  const exited = new Promise<{ readonly exitCode: number; readonly limit: null }>((resolve) =>
    child.once("exit", (code, by) => resolve({ exitCode: code ?? 128 + numberOf(by), limit: null })),
  );
  return {
    ...{ stdin, stdout, stderr, exited },
    ask: () => signalGroup(pid, "SIGTERM"),
    kill: () => signalGroup(pid, "SIGKILL"),
    async finish(graceMs) {
      // Those of its group that it left behind hold its pipes open.
      signalGroup(pid, "SIGKILL");
      await endProcesses(marker, graceMs);
      stdout.resume();
      await within(closed, DRAIN_MS);
      stdout.destroy();
      stderr.destroy();
    },
  };
};

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nothing of it is left.
  }
};

const numberOf = (signal: NodeJS.Signals | null): number => (signal === null ? 0 : constants.signals[signal]);

const within = (work: Promise<void>, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
