/** The process of `start-process.ts` within the walls of the sandbox: it has its revision, the packages that this names, and Node. */
import { chmod, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PlatformError } from "@agentcore/contract";
import type { NodeProcess } from "@agentcore/sandbox";
import type { CodeSnapshot } from "../../agents/read-code.ts";
import { type Apart, type ApartEvents, EXEC_ARGV, heapOption, MAIN, MEBIBYTE } from "../apart.ts";
import type { ApartHostOptions } from "../apart-host.ts";
import { openLineLink } from "../line-link.ts";
import { loadSandbox } from "./load-sandbox.ts";
import { assertWithoutData, type CodeMount, dependenciesOf, packageMounts } from "./package-mounts.ts";
import { printBounded } from "./print-bounded.ts";

export interface SandboxedCode {
  readonly agent: string;
  readonly snapshot: CodeSnapshot;
  readonly snapshotDirectory: string;
  readonly limits: { readonly memoryBytes: number; readonly fileBytes: number; readonly processes: number };
}

/** Where revisions lie inside: the data folder is not told of. */
export const REVISIONS_INSIDE = "/opt/agentcore/revisions";
// Above what `ctx` takes of a value (16 MiB), quoted as JSON.
const MAX_LINE_BYTES = 24 * MEBIBYTE;
const LINE_LIMITS = { maxLineBytes: MAX_LINE_BYTES, maxUnreadBytes: 64 * MEBIBYTE, maxShare: 0.25 };

/** How to start it. Throws NOT_INSTALLED and SANDBOX_UNAVAILABLE, which say what is missing, and INVALID_ARGUMENT. */
export const prepareSandbox = async (code: SandboxedCode): Promise<ApartHostOptions["start"]> => {
  const sandbox = await (await loadSandbox()).openNodeSandbox();
  const readable = await mountsOf(code);
  return ({ heapBytes, environment }, events) =>
    follow(
      sandbox.start({
        words: [...EXEC_ARGV, heapOption(heapBytes), fileURLToPath(MAIN)],
        ...{ readable, environment, limits: code.limits },
      }),
      events,
      code.agent,
    );
};

const follow = (
  { channels, stdout, stderr, cpuMs, kill, ended }: NodeProcess,
  { hear, gone }: ApartEvents,
  agent: string,
): Apart => {
  let why: string | undefined;
  const refuse = (): void => {
    why ??= "it was ended for what it said to the node, which was no message or too much";
    kill();
  };
  const link = openLineLink(channels, { hear, kill: refuse }, LINE_LIMITS);
  printBounded(agent, [stdout, process.stdout], [stderr, process.stderr]);
  ended.then(
    ({ exitCode, limit }) =>
      gone(limit === undefined ? `it ended with code ${exitCode}` : `it was ended for its limit sandbox.${limit}`),
    (error: unknown) =>
      PlatformError.is(error) && error.code === "SANDBOX_UNAVAILABLE"
        ? gone(error.message, error)
        : gone(why ?? "it was ended"),
  );
  return { ...link, kill, cpuMs };
};

const mountsOf = async ({ snapshot, snapshotDirectory }: SandboxedCode): Promise<readonly CodeMount[]> => {
  const copy = join(snapshotDirectory, snapshot.hash);
  if (process.getuid?.() === 0) await openToAll(copy);
  const packageJson = join(copy, "package.json");
  const text = await readFile(packageJson, "utf8").catch(() => undefined);
  const packages = packageMounts(snapshot.root, dependenciesOf(text));
  assertWithoutData(packages, dirname(snapshotDirectory));
  return [
    ...packages,
    ...ownMounts(),
    { from: copy, to: `${REVISIONS_INSIDE}/${snapshot.hash}` },
    // Where Node looks for what the package calls itself and its own names.
    ...(text === undefined ? [] : [{ from: packageJson, to: join(snapshot.root, "package.json") }]),
  ].filter(({ to }, index, all) => all.findIndex((other) => other.to === to) === index);
};

/** As root the node runs it as nobody, who must be able to read it. The folder around it lets nobody else through. */
const openToAll = async (folder: string): Promise<void> => {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    await chmod(join(entry.parentPath, entry.name), entry.isDirectory() ? 0o755 : 0o644);
};

/** What runs the code: a file that is bundled, or the sources, and the packages that they import. */
const ownMounts = (): readonly CodeMount[] => {
  const main = fileURLToPath(MAIN);
  const isBuilt = main.endsWith(".js");
  const root = isBuilt ? dirname(dirname(main)) : dirname(dirname(dirname(main)));
  const own = isBuilt ? [main, join(root, "..", "package.json")] : ["apart", "agents"].map((name) => join(root, name));
  return [
    ...packageMounts(root, ["@agentcore/contract", "@agentcore/sdk"]),
    ...own.map((path) => ({ from: path, to: path })),
  ];
};
