import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../../..");
const USER = 61_234;

/**
 * Runs a script of this checkout as somebody who is not root and may make no cgroup, and gives what it prints. The checkout may lie where only root can go:
 * there, in a mount namespace, it is somewhere that all can. `place`: a new folder, which is the caller's to remove.
 */
export const runAsUser = async (script: string): Promise<{ readonly stdout: string; readonly place: string }> => {
  const isRoot = process.getuid?.() === 0;
  const place = await mkdtemp(join(tmpdir(), "agentcore-user-"));
  await chmod(place, 0o755);
  await mkdir(join(place, "packages"));
  await mkdir(join(place, "node_modules"));
  const node = process.execPath;
  const words = ["-C", "agentcore-source", isRoot ? join(place, script) : join(ROOT, script)];
  // Node itself lies in the checkout.
  const inside = node.startsWith(`${ROOT}/`) ? join(place, node.slice(ROOT.length + 1)) : node;
  const mount =
    'mount --bind "$1/packages" "$2/packages" && mount --bind "$1/node_modules" "$2/node_modules" && shift 2 && exec "$@"';
  const asUser = ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--", inside, ...words];
  const [program, ...rest]: [string, ...string[]] = isRoot
    ? ["unshare", "--mount", "sh", "-c", mount, "sh", ROOT, place, ...asUser]
    : [node, ...words];
  const { stdout } = await promisify(execFile)(program, rest, { cwd: "/", maxBuffer: 2 ** 24 });
  return { stdout, place };
};
