/** Where this process may make groups of its own: folders of the cgroup file system, of either version. */
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** Groups are made below these folders. */
export type CgroupPlaces =
  | { readonly version: 2; readonly folder: string }
  | {
      readonly version: 1;
      readonly memory: string;
      readonly pids: string;
      readonly cpuacct: string;
      readonly cpu: string;
    };

export type FoundCgroups = CgroupPlaces | { readonly version: null; readonly reason: string };

interface Mount {
  /** Of the hierarchy, which part is mounted. */
  readonly root: string;
  readonly folder: string;
  readonly type: string;
  readonly options: readonly string[];
}

const V1_CONTROLLERS = ["memory", "pids", "cpuacct", "cpu"] as const;

/** `proc`: where the process tells about itself. */
export const findCgroups = (proc = "/proc/self"): FoundCgroups => {
  let mounts: readonly Mount[];
  let groups: ReadonlyMap<string, string>;
  try {
    mounts = readMounts(readFileSync(join(proc, "mountinfo"), "utf8"));
    groups = readGroups(readFileSync(join(proc, "cgroup"), "utf8"));
  } catch {
    return { version: null, reason: "this is no Linux with cgroups" };
  }
  // Where both are mounted, as systemd's hybrid has them, a controller is in one of the two only.
  const unified = mounts.find(({ type }) => type === "cgroup2");
  const second = unified === undefined ? "no cgroup2 is mounted" : findUnified(unified, groups.get("") ?? "/");
  if (typeof second !== "string") return second;
  const first = findFirst(mounts, groups);
  if (typeof first !== "string") return first;
  return { version: null, reason: mounts.some(({ type }) => type === "cgroup") ? first : second };
};

const findUnified = (mount: Mount, group: string): CgroupPlaces | string => {
  let reason = "";
  for (const folder of upwards(mount, group)) {
    if (!isWritable(folder) || !isWritable(join(folder, "cgroup.procs"))) {
      reason ||= `${folder} may not be written to`;
      continue;
    }
    const needed = ["memory", "pids"].filter((name) => !wordsOf(join(folder, "cgroup.subtree_control")).includes(name));
    if (needed.length === 0) return { version: 2, folder };
    try {
      // Refused where the controller is not handed down to here, or a process sits in the folder itself.
      writeFileSync(join(folder, "cgroup.subtree_control"), needed.map((name) => `+${name}`).join(" "));
      return { version: 2, folder };
    } catch (error) {
      reason ||= `${folder} does not give ${needed.join(" and ")} to groups below it (${(error as NodeJS.ErrnoException).code})`;
    }
  }
  return reason;
};

const findFirst = (mounts: readonly Mount[], groups: ReadonlyMap<string, string>): CgroupPlaces | string => {
  const places: Record<string, string> = {};
  for (const controller of V1_CONTROLLERS) {
    const mount = mounts.find(({ type, options }) => type === "cgroup" && options.includes(controller));
    if (mount === undefined) return `the controller ${controller} is not mounted`;
    const folder = upwards(mount, groups.get(controller) ?? "/").find(isWritable);
    if (folder === undefined) return `${mount.folder} may not be written to`;
    places[controller] = folder;
  }
  const { memory = "", pids = "", cpuacct = "", cpu = "" } = places;
  return { version: 1, memory, pids, cpuacct, cpu };
};

/** The process's own group, then those around it, as far as they are mounted here. */
const upwards = (mount: Mount, group: string): string[] => {
  const folders = [resolve(mount.folder, relative(mount.root, group))];
  // Of another part of the hierarchy nothing is to be seen here.
  if (relative(mount.folder, folders[0] ?? "").startsWith("..")) return [mount.folder];
  for (let folder = folders[0] ?? ""; folder !== mount.folder; ) {
    folder = dirname(folder);
    folders.push(folder);
  }
  return folders;
};

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

const wordsOf = (file: string): readonly string[] => {
  try {
    return readFileSync(file, "utf8").trim().split(/\s+/);
  } catch {
    return [];
  }
};

/** `36 35 98:0 /root /folder rw,noatime - type source options`: see proc(5). */
const readMounts = (text: string): Mount[] =>
  text.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root, folder] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (root === undefined || folder === undefined || (type !== "cgroup" && type !== "cgroup2")) return [];
    return [{ root, folder, type, options: options.split(",") }];
  });

/** By controller; of version 2 under no name. */
const readGroups = (text: string): Map<string, string> => {
  const groups = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, controllers, ...path] = line.split(":");
    if (controllers === undefined || path.length === 0) continue;
    for (const controller of controllers.split(",")) groups.set(controller, path.join(":"));
  }
  return groups;
};
