import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { defineCommand } from "../command.ts";
import { failure } from "../failure.ts";
import { sayWhatIsMissing } from "../say-what-is-missing.ts";

export const command = defineCommand({
  name: "backup",
  summary: "Write all that a running node's store holds to a file",
  details: [
    "Tasks with their logs, manifests, agents' code and memory, of all tenants, as of one moment; the node goes on meanwhile. For operators of the tenant default. `agentcore restore` puts it into an empty store, of either kind.",
    "The file is readable by this user only: what was not sealed in the store is not sealed in it. It gets its name when it is whole.",
  ],
  arguments: [{ name: "FILE", description: "Where to write it; - for stdout", completes: "path" }],
  options: { force: { type: "boolean", description: "Put it in the place of a file that is there" } },
  examples: [
    { command: "agentcore backup agentcore.backup", explanation: "Of the node on this machine" },
    {
      command: "agentcore backup nightly.backup --force --url http://10.0.0.5:4700",
      explanation: "Of a node elsewhere, in the place of the last one",
    },
    { command: "agentcore backup - | age -r age1… > agentcore.backup.age", explanation: "Encrypted on its way" },
  ],
  async run({ arguments: [name = ""], options, globals, output, cwd, signal, client: connected }) {
    const client = await connected();
    if (name === "-") {
      for await (const bytes of await client.backup(signal)) output.bytes(bytes);
      return 0;
    }
    const file = resolve(cwd, name);
    if (existsSync(file) && !options.force)
      throw failure("CONFLICT", `${file} is there already`, "Give another name, or --force.");
    const part = `${file}.${process.pid}.part`;
    let size = 0;
    try {
      const handle = await open(part, "wx", 0o600);
      try {
        for await (const bytes of await client.backup(signal)) {
          await handle.writeFile(bytes);
          size += bytes.byteLength;
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      // Whoever needs it finds out otherwise.
      const { checkBackup } = await import("@agentcore/server");
      const { header, counts, missing } = await checkBackup(part);
      await rename(part, file);
      const written = { file, bytes: size, ...header, counts, missing };
      await output.data(globals.format, written, () => `${file}: ${counts["task"] ?? 0} tasks, ${size} bytes`);
      sayWhatIsMissing(output, missing);
      return 0;
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  },
});
