import { resolve } from "node:path";
import { defineCommand } from "../command.ts";
import { sayWhatIsMissing } from "../say-what-is-missing.ts";
import { ENCRYPTION_VARIABLES } from "../serving/node-variables.ts";
import { readEncryptionKeys } from "../serving/read-encryption-keys.ts";
import { UsageError } from "../usage-error.ts";

export const command = defineCommand({
  name: "restore",
  summary: "Put a backup into an empty data folder or database",
  details: [
    "All of it or nothing; refuses a store that holds something or that a node uses, and a file that was cut or changed. It does not matter which kind of store the backup is of: so a node moves from a file to a database.",
    "At the next start what was under way goes on from its log. Stop the node that the backup is of for good first: two that run the same tasks repeat each other's effects.",
  ],
  arguments: [{ name: "FILE", description: "What `agentcore backup` has written", completes: "path" }],
  variables: ENCRYPTION_VARIABLES,
  options: {
    data: { type: "string", value: "DIR", completes: "path", description: "Data folder without a store" },
    database: {
      type: "string",
      value: "URL",
      description: "PostgreSQL without AgentCore's tables, or with empty ones; not together with --data",
      env: "AGENTCORE_DATABASE_URL",
    },
    "encryption-keys": {
      type: "string",
      value: "FILE",
      completes: "path",
      description: "The node's keys, if it had any; needed for a data folder, where agents' code lies open",
      env: "AGENTCORE_ENCRYPTION_KEYS_FILE",
    },
  },
  examples: [
    { command: "agentcore restore agentcore.backup --data ./.agentcore", explanation: "Into a data folder" },
    {
      command: "agentcore restore agentcore.backup --database postgres://agentcore@db/agentcore",
      explanation: "Into a database, for several nodes",
    },
    {
      command: "agentcore restore agentcore.backup --data /var/lib/agentcore -o json",
      explanation: "What came, as JSON",
    },
  ],
  async run({ arguments: [name = ""], options, globals, output, cwd, environment }) {
    const { restoreBackup } = await import("@agentcore/server");
    const target = targetOf(cwd, options.data, options.database);
    const file = options["encryption-keys"];
    const keys = await readEncryptionKeys(file === undefined ? undefined : resolve(cwd, file), environment);
    const { header, counts, missing } = await restoreBackup(resolve(cwd, name), target, keys);
    const kinds = Object.entries(counts);
    await output.data(globals.format, { ...header, counts, missing }, () =>
      [`restored what was taken at ${header.takenAt}:`, ...kinds.map(([kind, count]) => `  ${kind}  ${count}`)].join(
        "\n",
      ),
    );
    sayWhatIsMissing(output, missing);
    return 0;
  },
});

/** The folder wins over a variable of the environment. */
const targetOf = (cwd: string, data: string | undefined, database: string | undefined) => {
  if (data !== undefined) return { dataDirectory: resolve(cwd, data) };
  if (database === undefined) throw new UsageError("restore: say where to, with --data DIR or --database URL");
  if (!/^postgres(ql)?:\/\//.test(database))
    throw new UsageError("--database: expected postgres://user:password@host:port/name");
  return { database };
};
