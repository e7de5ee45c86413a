/** What bubblewrap is told of a run. Nothing of the host is there but what is mounted. */
import type { Machine } from "../machine.ts";
import { type ContainedRun, type Mount, TEMPORARY_FOLDER, TOOL_FOLDER, WORK_FOLDER } from "./contained-run.ts";

// Descriptors that bubblewrap reads and writes. 3 and 4 are the program's own.
const SECCOMP_FD = 5;
const STATUS_FD = 6;
const OPTIONS_FD = 7;
/** Those of `run.files` follow each other from here on. */
export const FIRST_FILE_FD = 8;

/** Whom nothing belongs to, by custom. */
export const NOBODY = { uid: 65_534, gid: 65_534 };
export const SETPRIV = `${TOOL_FOLDER}/setpriv`;

/** Its command line, which all of this machine can read. */
export const bubblewrapArguments = (run: ContainedRun, machine: Machine): string[] => [
  ...["--args", String(OPTIONS_FD), "--"],
  // It also says in the same way, root or not, that there is no such program.
  ...[SETPRIV, "--no-new-privs", ...(machine.isRoot ? asNobody(run) : []), "--", ...run.argv],
];

/** What it reads by a descriptor, as the environment may be secret. */
export const bubblewrapOptions = (run: ContainedRun, machine: Machine): string =>
  optionsOf(run, machine)
    .map((word) => `${word}\0`)
    .join("");

const optionsOf = (run: ContainedRun, machine: Machine): string[] => [
  ...namespaces(run, machine),
  ...["--die-with-parent", "--new-session", "--clearenv", "--hostname", "sandbox"],
  ...Object.entries(run.environment).flatMap(([name, value]) => ["--setenv", name, value]),
  // First, as what is mounted may lie below it here, and it would hide that.
  ...(run.limits.fileBytes === 0 ? [] : workFolder(run)),
  ...mountArguments([{ from: machine.setpriv, to: SETPRIV }, ...run.mounts]),
  ...["--proc", "/proc", "--dev", "/dev"],
  // Else what is written to them is bounded by nothing.
  ...["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", run.directory],
  ...["--seccomp", String(SECCOMP_FD), "--json-status-fd", String(STATUS_FD)],
];

const mountArguments = (mounts: readonly Mount[]): string[] => {
  const known: string[] = [];
  return mounts.flatMap((mount) => {
    // Bubblewrap makes what is missing above a mount too, but so that only its owner may look through it.
    const above = foldersOf(mount.to.slice(1)).map((folder) => `/${folder}`);
    const missing = above.filter((folder) => !known.some((one) => one === folder || folder.startsWith(`${one}/`)));
    // What lies in another mount is there already.
    const isWithin = above.some((folder) => mounts.some(({ to }) => to === folder));
    known.push(mount.to);
    const folders = isWithin ? [] : missing.flatMap((folder) => ["--perms", "0755", "--dir", folder]);
    if ("target" in mount) return [...folders, "--symlink", mount.target, mount.to];
    const kind = mount.isWritable === true ? "--bind" : "--ro-bind";
    return [...folders, mount.isOptional === true ? `${kind}-try` : kind, mount.from, mount.to];
  });
};

/** As root it needs no user namespace, which many machines refuse, and whoever runs inside is somebody else outside too. */
const namespaces = ({ limits }: ContainedRun, { isRoot }: Machine): string[] => {
  const network = limits.network === "host";
  if (!isRoot) return ["--unshare-all", ...(network ? ["--share-net"] : []), "--unshare-user", "--disable-userns"];
  return [
    ...[
      "--unshare-ipc",
      "--unshare-pid",
      "--unshare-uts",
      "--unshare-cgroup-try",
      ...(network ? [] : ["--unshare-net"]),
    ],
    ...["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"],
  ];
};

const asNobody = ({ owner = NOBODY }: ContainedRun): string[] => [
  ...[`--reuid=${owner.uid}`, `--regid=${owner.gid}`, "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"],
];

const workFolder = ({ files, limits, mounts, scratchFolder = WORK_FOLDER }: ContainedRun): string[] => {
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  // Where programs put what they need for a while, unless something is mounted there.
  const isLinked = scratchFolder === WORK_FOLDER && !mounts.some(({ to }) => to.startsWith(`${TEMPORARY_FOLDER}/`));
  return [
    ...["--perms", "0777", "--size", String(limits.fileBytes), "--tmpfs", scratchFolder],
    ...(isLinked ? ["--symlink", "work", TEMPORARY_FOLDER] : []),
    ...[...folders].flatMap((folder) => ["--perms", "0777", "--dir", `${scratchFolder}/${folder}`]),
    ...files.flatMap(({ path }, index) => [
      ...["--perms", "0777", "--file", String(FIRST_FILE_FD + index), `${scratchFolder}/${path}`],
    ]),
  ];
};

/** Of `a/b/c`: `a`, `a/b`. */
const foldersOf = (path: string): string[] => {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
};
