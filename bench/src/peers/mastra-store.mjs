import { createClient } from "@libsql/client";
import { LibSQLStore } from "@mastra/libsql";

/** LibSQL in a file. `full`: the store as it comes sets synchronous=NORMAL, which syncs nothing on commit; this makes that FULL and leaves the rest. */
export const openStore = async (file, full) => {
  const url = `file:${file}`;
  return new LibSQLStore(full ? { id: "bench", client: await fullClient(url) } : { id: "bench", url });
};

const fullClient = async (url) => {
  const client = createClient({ url });
  const execute = client.execute.bind(client);
  client.execute = (statement, ...rest) =>
    typeof statement === "string" && /synchronous/i.test(statement)
      ? execute("PRAGMA synchronous = FULL;")
      : execute(statement, ...rest);
  // What LibSQLStore does itself when it makes the client.
  const pragmas = [
    "journal_mode = WAL",
    "busy_timeout = 5000",
    "synchronous = FULL",
    "temp_store = MEMORY",
    "cache_size = -16000",
  ];
  for (const pragma of pragmas) await execute(`PRAGMA ${pragma};`);
  return client;
};
