import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keyValueSuite, taskStoreSuite, vectorIndexSuite } from "@agentcore/core/testing";
import { expect, onTestFinished, test } from "vitest";
import { openSqlite } from "./index.ts";

const temporary = () => mkdtemp(join(tmpdir(), "agentcore-sqlite-"));

taskStoreSuite({
  name: "SQLite",
  test,
  open: async ({ clock }) => {
    const directory = await temporary();
    let stores = await openSqlite({ directory, clock });
    return {
      store: stores.tasks,
      reopen: async () => {
        await stores.close();
        stores = await openSqlite({ directory, clock });
        return stores.tasks;
      },
      close: async () => {
        await stores.close();
        await rm(directory, { recursive: true });
      },
    };
  },
});

keyValueSuite({
  name: "SQLite",
  test,
  open: async ({ clock }) => {
    const directory = await temporary();
    const stores = await openSqlite({ directory, clock });
    return {
      store: stores.keyValue,
      close: async () => {
        await stores.close();
        await rm(directory, { recursive: true });
      },
    };
  },
});

// As it is, and with room for some fifteen vectors: scopes push each other out, and larger ones are read with each search.
for (const [name, maxVectorBytes] of [
  ["SQLite", undefined],
  ["SQLite with little memory for vectors", 8000],
] as const) {
  vectorIndexSuite({
    name,
    test,
    open: async () => {
      const directory = await temporary();
      const stores = await openSqlite({ directory, maxVectorBytes });
      return {
        index: stores.vectors,
        close: async () => {
          await stores.close();
          await rm(directory, { recursive: true });
        },
      };
    },
  });
}

test("what the store keeps is for its user alone, also where an earlier version left it open to others", async () => {
  const directory = join(await temporary(), "made", "here");
  onTestFinished(() => rm(join(directory, "../.."), { recursive: true }));
  const modes = async () => {
    const files = await readdir(directory);
    const found = await Promise.all(
      files.map(async (name) => [name, (await stat(join(directory, name))).mode & 0o777]),
    );
    return Object.fromEntries(found) as Record<string, number>;
  };
  for (const start of ["first", "later"]) {
    const stores = await openSqlite({ directory });
    await stores.keyValue.put({ tenantId: "t", namespace: "n" }, start, 1);
    const open = await modes();
    expect(Object.keys(open)).toContain("agentcore.db-wal");
    expect([start, [...new Set(Object.values(open))]]).toEqual([start, [0o600]]);
    await stores.close();
    await chmod(join(directory, "agentcore.db"), 0o644);
  }
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
});

test("a second opening in one process is refused, and takes no lock away from the first", async () => {
  const directory = await temporary();
  const stores = await openSqlite({ directory });
  onTestFinished(async () => {
    await stores.close();
    await rm(directory, { recursive: true });
  });
  for (let time = 0; time < 2; time++)
    await expect(openSqlite({ directory })).rejects.toMatchObject({ code: "DATA_LOCKED" });
});

test.runIf(process.platform === "linux")("a folder that cannot be made is told at once", async () => {
  for (const directory of ["/proc/x", "/proc/x/y/z", "/dev/null/x"])
    await expect(openSqlite({ directory })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(`the data folder ${directory} cannot be made`),
    });
});
