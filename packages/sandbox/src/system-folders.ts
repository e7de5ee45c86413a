/** Mounts of the system's own files, as they are laid out here: `/lib` may be a folder or a link into `/usr`. */
import { lstatSync, readlinkSync } from "node:fs";
import type { Mount } from "./process/contained-run.ts";

const LIBRARIES = ["/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/lib32"];

/** What a program that is not of the system needs to start. */
export const systemLibraries = (): Mount[] => LIBRARIES.flatMap(mountOf);

/** What programs of the system need: without `/etc`, `/home`, `/root`, `/var`, `/srv` and all else that may hold somebody's data. */
export const systemPrograms = (): Mount[] => [
  ...["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"].flatMap(mountOf),
  // Which of several programs a name stands for, and where libraries are.
  ...["/etc/alternatives", "/etc/ld.so.cache"].map(optional),
];

/** What names of machines and certificates are looked up by. */
export const networkFiles = (): Mount[] => [
  ...["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"].map(optional),
  ...certificateFiles(),
];

export const certificateFiles = (): Mount[] => ["/etc/ssl", "/etc/ca-certificates"].map(optional);

const optional = (path: string): Mount => ({ from: path, to: path, isOptional: true });

const mountOf = (path: string): Mount[] => {
  try {
    return lstatSync(path).isSymbolicLink() ? [{ target: readlinkSync(path), to: path }] : [{ from: path, to: path }];
  } catch {
    return [];
  }
};
