/** What of this machine a sandbox is made of. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { type FoundCgroups, findCgroups } from "./cgroups/find-cgroups.ts";
import { type Architecture, isArchitecture } from "./process/system-calls.ts";

export interface Machine {
  readonly architecture: Architecture;
  /** Then bubblewrap needs no user namespace, and what runs is no more root. */
  readonly isRoot: boolean;
  readonly shell: string;
  readonly bwrap: string;
  readonly prlimit: string;
  readonly setpriv: string;
  readonly cgroups: FoundCgroups;
}

// Where an account's path may not lead.
const FOLDERS = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
const PACKAGES = { bwrap: "bubblewrap", prlimit: "util-linux", setpriv: "util-linux" } as const;

export const sandboxUnavailable = (message: string, nextStep: string, cause?: unknown): PlatformError =>
  new PlatformError("SANDBOX_UNAVAILABLE", `${message}. ${nextStep}`, { cause, details: { nextStep } });

/** Throws SANDBOX_UNAVAILABLE, which says what is missing and how to get it. */
export const openMachine = (path = process.env["PATH"] ?? ""): Machine => {
  if (process.platform !== "linux")
    throw sandboxUnavailable(`nothing can be held apart on ${process.platform}`, "Run the node on Linux.");
  if (!isArchitecture(process.arch))
    throw sandboxUnavailable(`the system calls of ${process.arch} are not known`, "Run the node on x64 or arm64.");
  const folders = [...path.split(delimiter).filter((folder) => folder.startsWith("/")), ...FOLDERS];
  const find = (name: string): string | undefined =>
    folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  const need = (name: keyof typeof PACKAGES): string => {
    const file = find(name);
    if (file !== undefined) return file;
    const hint = `Install the system's package ${PACKAGES[name]} (Debian, Ubuntu: apt-get install ${PACKAGES[name]}).`;
    throw sandboxUnavailable(`the program ${name} is not installed`, hint);
  };
  return {
    architecture: process.arch,
    isRoot: process.getuid?.() === 0,
    shell: "/bin/sh",
    bwrap: need("bwrap"),
    prlimit: need("prlimit"),
    setpriv: need("setpriv"),
    cgroups: findCgroups(),
  };
};
