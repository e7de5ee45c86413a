import { stat } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { defineCommand } from "../command.ts";
import { describeFailure } from "../failure.ts";
import { handIn } from "../manifests/hand-in.ts";
import { codePathOf, readManifests } from "../manifests/read-manifests.ts";
import type { Output } from "../output.ts";
import type { ApplyResult } from "../serving/node-options.ts";
import { NODE_VARIABLES } from "../serving/node-variables.ts";
import { sayResults, serve } from "../serving/serve.ts";
import { SERVE_ARGUMENTS, SERVE_OPTIONS } from "../serving/serve-options.ts";
import { watchFolders } from "../serving/watch-folders.ts";

export const command = defineCommand({
  name: "dev",
  summary: "Start a node and apply again whatever changes",
  details: [
    "Watches the applied folders and the folders of the agents' code. Running tasks keep the revision they began with; new tasks get the new one.",
  ],
  arguments: SERVE_ARGUMENTS,
  options: SERVE_OPTIONS,
  variables: NODE_VARIABLES,
  examples: [
    { command: "agentcore dev examples", explanation: "Work on the examples" },
    { command: "agentcore dev ./agents --port 0", explanation: "On any free port" },
    {
      command: 'agentcore dev ./agents --run greeter --input \'{"name":"Ada"}\'',
      explanation: "With one task after the start",
    },
  ],
  run: (invocation) =>
    serve(invocation, {
      whileServing: async ({ node, paths, dataDirectory, applied }) => {
        const { output, cwd, signal, globals } = invocation;
        if (paths.length === 0) return output.say("Nothing to watch: give the folder of your agents.", "yellow");
        let known = applied;
        const reapply = async (files: readonly string[]): Promise<void> => {
          output.say(`changed: ${files.map((file) => relative(cwd, file)).join(", ")}`);
          try {
            const documents = await readManifests(paths, cwd);
            const results = await handIn(documents, cwd, node.apply);
            sayOrphans(output, known, results);
            known = results;
            const changes = results.filter(({ change }) => change !== "unchanged");
            if (changes.length === 0) output.say("nothing to apply");
            sayResults(output, changes);
          } catch (error) {
            // The last good state stays applied; the next save tries again.
            for (const line of describeFailure(error, globals.verbose)) output.say(line, "red");
          }
        };
        const folders = await foldersToWatch(paths, cwd);
        watchFolders(folders, { ignore: [dataDirectory], signal, onChange: reapply });
        output.say(`watching ${folders.map((folder) => relative(cwd, folder) || ".").join(", ")}`);
      },
    }),
});

/** What is no longer in the files stays applied: a folder that is being tidied up must not end anybody's agent. */
const sayOrphans = (output: Output, before: readonly ApplyResult[], now: readonly ApplyResult[]): void => {
  for (const { kind, name } of before) {
    if (now.some((result) => result.kind === kind && result.name === name)) continue;
    const target = kind.toLowerCase();
    output.say(`${target}/${name} is in no file any more and stays applied`, "yellow");
    output.say(`  next: agentcore delete ${target} ${name}`);
  }
};

const foldersToWatch = async (paths: readonly string[], cwd: string): Promise<readonly string[]> => {
  const code = (await readManifests(paths, cwd)).map(codePathOf).filter((path) => path !== undefined);
  const folders = await Promise.all([...paths.map((path) => resolve(cwd, path)), ...code].map(folderOf));
  return [...new Set(folders.filter((folder) => folder !== undefined))];
};

/** The folder itself or the one that holds the file; undefined when there is nothing: the node has said so already. */
const folderOf = async (path: string): Promise<string | undefined> => {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isDirectory() ? path : dirname(path);
};
