/** `agentcore` as a user gets it: every workspace packed as npm would publish it, installed without dev dependencies. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchRoot } from "./scratch.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
}

/** Folder of the installation, made once per run. Throws when the packages are not built or cannot be installed. */
export const productionInstall = (): string => {
  const folder = join(scratchRoot(), "installed");
  if (existsSync(join(folder, "done"))) return folder;
  const tarballs = join(scratchRoot(), "tarballs");
  mkdirSync(folder, { recursive: true });
  mkdirSync(tarballs, { recursive: true });
  const dependencies: Record<string, string> = {};
  for (const name of neededPackages()) {
    const [{ filename }] = JSON.parse(
      npm(["pack", `./packages/${name}`, "--json", "--ignore-scripts", "--pack-destination", tarballs], ROOT),
    ) as [{ filename: string }];
    const { name: packageName } = readManifest(name);
    dependencies[packageName] = `file:../tarballs/${filename.replace(/^@/, "").replaceAll("/", "-")}`;
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, dependencies }));
  npm(["install", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"], folder);
  writeFileSync(join(folder, "done"), "");
  return folder;
};

/** Folders below packages/ that `agentcore` needs, itself included. */
const neededPackages = (): readonly string[] => {
  const folders = readdirSync(join(ROOT, "packages"));
  const byName = new Map(folders.map((folder) => [readManifest(folder).name, folder]));
  const needed = new Set<string>();
  const visit = (name: string): void => {
    const folder = byName.get(name);
    if (folder === undefined || needed.has(folder)) return;
    needed.add(folder);
    for (const dependency of Object.keys(readManifest(folder).dependencies ?? {})) visit(dependency);
  };
  visit("agentcore");
  for (const folder of needed) {
    const [{ default: built }] = Object.values(readManifest(folder).exports) as [{ default: string }];
    if (existsSync(join(ROOT, "packages", folder, built))) continue;
    throw new Error(`packages/${folder} is not built: run \`npm run build\` first`);
  }
  return [...needed];
};

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, "packages", folder, "package.json"), "utf8")) as Manifest;

const npm = (command: readonly string[], cwd: string): string =>
  execFileSync("npm", [...command], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 << 20 });
