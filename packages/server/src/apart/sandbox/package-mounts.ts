/**
 * Which packages code may need, and where they lie: those that a package.json names, and what those name in turn. Nothing else of the
 * machine is shown to code in a sandbox, so what it names nowhere it does not find there.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { PlatformError } from "@agentcore/contract";

/** As the sandbox takes it. */
export type CodeMount =
  | { readonly from: string; readonly to: string }
  | { readonly target: string; readonly to: string };

interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Names that packages in `folder` may be imported by, from the text of its package.json. */
export const dependenciesOf = (packageJson: string | undefined): readonly string[] => {
  if (packageJson === undefined) return [];
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(packageJson) as PackageJson;
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
};

const NAME = /^(@[\w.~-]+\/)?[\w~-][\w.~-]*$/;
// Each is a mount, which bubblewrap makes in time that grows with their number.
const MAX_PACKAGES = 1_000;

/**
 * Where `names` and all they depend on lie, as Node looks for them from `folder` on: each once, at its own path. One that is not there is
 * left out: whoever imports it is told so. Throws INVALID_ARGUMENT for more than 1,000 packages.
 */
export const packageMounts = (folder: string, names: readonly string[]): readonly CodeMount[] => {
  const mounts = new Map<string, CodeMount>();
  const visited = new Set<string>();
  const waiting = [{ folder, names }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const name of next.names) {
      // What is no name of a package is a path, which leads elsewhere.
      const link = NAME.test(name) ? findPackage(next.folder, name) : undefined;
      if (link === undefined) continue;
      const real = realpathSync(link);
      if (real !== link) mounts.set(link, { target: real, to: link });
      if (visited.has(real)) continue;
      visited.add(real);
      if (visited.size > MAX_PACKAGES)
        throw new PlatformError("INVALID_ARGUMENT", `the code depends on more than ${MAX_PACKAGES} packages`, {
          violations: [{ field: "spec.isolation", description: `a sandbox is given at most ${MAX_PACKAGES} packages` }],
        });
      mounts.set(real, { from: real, to: real });
      waiting.push({ folder: real, names: dependenciesOf(readText(join(real, "package.json"))) });
    }
  }
  return withoutNested([...mounts.values()]);
};

/** By where they really lie: one that holds the node's data would show it. Throws INVALID_ARGUMENT. */
export const assertWithoutData = (mounts: readonly CodeMount[], dataFolder: string): void => {
  const data = `${realpathSync(dataFolder)}${sep}`;
  for (const mount of mounts)
    if ("from" in mount && data.startsWith(`${mount.from}${sep}`))
      throw new PlatformError(
        "INVALID_ARGUMENT",
        `the code depends on ${mount.from}, which holds the node's data folder: move the data folder elsewhere, or leave the dependency out`,
        { violations: [{ field: "spec.isolation", description: "a sandbox may not see the node's data" }] },
      );
};

/** As Node finds it: in the nearest `node_modules` that has it. Its path may be a link. */
const findPackage = (from: string, name: string): string | undefined => {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, "node_modules", name);
    if (existsSync(join(path, "package.json"))) return path;
    if (dirname(folder) === folder) return undefined;
  }
};

const readText = (file: string): string | undefined => (existsSync(file) ? readFileSync(file, "utf8") : undefined);

/** What lies in a folder that is there already is there with it. */
const withoutNested = (mounts: readonly CodeMount[]): readonly CodeMount[] => {
  const folders = mounts.flatMap((mount) => ("from" in mount ? [mount.to] : []));
  return mounts
    .filter(({ to }) => !folders.some((folder) => to.startsWith(folder + sep)))
    .toSorted((left, right) => (left.to < right.to ? -1 : 1));
};
