/** Reads a node's data folder through a copy, so that looking changes nothing. */
import { existsSync } from "node:fs";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskEvent } from "@agentcore/contract";
import { createPayloadStore } from "@agentcore/core/payloads";
import type { TaskHead } from "@agentcore/core/ports";
import { createTestCodec } from "@agentcore/core/testing";
import { openSqlite } from "@agentcore/sqlite";

export interface FolderState {
  readonly heads: ReadonlyMap<string, TaskHead>;
  readonly logs: ReadonlyMap<string, readonly TaskEvent[]>;
  /** What the one who used the node was told: kind → value. */
  readonly acknowledged: ReadonlyMap<string, string>;
}

export const readFolder = async (directory: string): Promise<FolderState> => {
  const heads = new Map<string, TaskHead>();
  const logs = new Map<string, readonly TaskEvent[]>();
  const acknowledged = new Map<string, string>();
  if (!existsSync(join(directory, "agentcore.db"))) return { heads, logs, acknowledged };
  const copy = await mkdtemp(join(tmpdir(), "agentcore-copy-"));
  try {
    await cp(directory, copy, { recursive: true });
    const stores = await openSqlite({ directory: copy });
    const tasks = createPayloadStore({ store: stores.tasks, blobs: stores.blobs, codec: createTestCodec([]) });
    const listed = await tasks.list({ tenantId: "default", limit: 1000 });
    for (const head of listed.heads) {
      heads.set(head.taskId, head);
      logs.set(head.taskId, await tasks.readLog(head));
    }
    await stores.close();
    const text = await readFile(join(copy, "acknowledged.txt"), "utf8").catch(() => "");
    for (const line of text.split("\n").filter((each) => each !== "")) {
      const [kind = "", value = ""] = line.split(" ");
      acknowledged.set(kind, value);
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
  return { heads, logs, acknowledged };
};
