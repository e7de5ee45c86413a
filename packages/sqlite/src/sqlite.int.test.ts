import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StorePages } from "@agentcore/core/ports";
import { keyValueSuite, storeArchiveSuite, taskStoreSuite } from "@agentcore/core/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { openSqlite, restoreSqlite } from "./index.ts";

const CHILD = fileURLToPath(new URL("../test/restore-child.ts", import.meta.url));

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

storeArchiveSuite({
  name: "SQLite",
  test,
  place: async ({ clock }) => {
    const directory = await temporary();
    const file = join(directory, "agentcore.db");
    return {
      restore: (pages) => restoreSqlite(directory, pages),
      open: async () => ({ ...(await openSqlite({ directory, clock })), blobs: null }),
      dispose: async () => {
        const left = (await readdir(directory)).filter((name) => !name.startsWith("agentcore.db-"));
        await rm(directory, { recursive: true });
        expect(left.map((name) => join(directory, name)).filter((path) => path !== file)).toEqual([]);
      },
    };
  },
});

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

test("the copy that a backup is read from is for its user only, and goes with the backup, the next start, or its end", async () => {
  const directory = await temporary();
  let stores = await openSqlite({ directory });
  onTestFinished(async () => {
    await stores.close();
    await rm(directory, { recursive: true });
  });
  await stores.keyValue.put({ tenantId: "t", namespace: "n" }, "k", 1);
  const copy = join(directory, "agentcore.db.copy");
  for await (const page of stores.archive.pages()) {
    expect(page.length).toBe(1);
    expect((await stat(copy)).mode & 0o777).toBe(0o600);
  }
  expect((await readdir(directory)).filter((name) => name.includes("copy"))).toEqual([]);
  await stores.close();
  await writeFile(copy, "left by a crash");
  stores = await openSqlite({ directory });
  expect((await readdir(directory)).filter((name) => name.includes("copy"))).toEqual([]);
});

test("beside the journal that a killed process left, nothing is restored: its writes would go into the restored file", async () => {
  const used = await temporary();
  const directory = await temporary();
  const stores = await openSqlite({ directory: used });
  onTestFinished(async () => {
    await stores.close();
    await rm(used, { recursive: true });
    await rm(directory, { recursive: true });
  });
  for (let key = 0; key < 50; key++)
    await stores.keyValue.put({ tenantId: "old", namespace: "n" }, `${key}`, "of the store that was here");
  await copyFile(join(used, "agentcore.db-wal"), join(directory, "agentcore.db-wal"));
  async function* pages(): StorePages {
    yield [{ kind: "value", tenantId: "new", namespace: "n", key: "k", value: "1", version: 1, expiresAt: null }];
  }
  for (const suffix of ["-wal", "-shm", "-journal"]) {
    if (suffix !== "-wal") await writeFile(join(directory, `agentcore.db${suffix}`), "");
    await expect(restoreSqlite(directory, pages())).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(`agentcore.db${suffix} of a store that was there`),
    });
    await rm(join(directory, `agentcore.db${suffix}`));
  }
  expect(await readdir(directory)).toEqual([]);
  await restoreSqlite(directory, pages());
  const restored = await openSqlite({ directory });
  expect((await restored.keyValue.get({ tenantId: "new", namespace: "n" }, "k"))?.value).toBe(1);
  await restored.close();
});

test("what belongs to a restored store comes just before its file, and is withdrawn when the file cannot come", async () => {
  const directory = await temporary();
  onTestFinished(() => rm(directory, { recursive: true }));
  async function* pages(): StorePages {
    yield [{ kind: "value", tenantId: "new", namespace: "n", key: "k", value: "1", version: 1, expiresAt: null }];
  }
  const steps: string[] = [];
  const besides = (publish: () => Promise<unknown>) => ({
    publish: async () => {
      steps.push(`published beside ${(await readdir(directory)).toSorted().join()}`);
      await publish();
    },
    withdraw: async () => void steps.push("withdrawn"),
  });
  // Nothing can be renamed onto it.
  const inTheWay = join(directory, "agentcore.db");
  await expect(
    restoreSqlite(
      directory,
      pages(),
      besides(() => mkdir(inTheWay)),
    ),
  ).rejects.toThrow();
  await rm(inTheWay, { recursive: true });
  await restoreSqlite(
    directory,
    pages(),
    besides(async () => {}),
  );
  const published = "published beside agentcore.db.creation-lock,agentcore.db.restoring";
  expect(steps).toEqual([published, "withdrawn", published]);
  expect(await readdir(directory)).toEqual(["agentcore.db"]);
});

test("while a restore is under way, another one and a node are refused, and disturb nothing of it", async () => {
  const directory = await temporary();
  onTestFinished(() => rm(directory, { recursive: true }));
  const row = { kind: "value", tenantId: "t", namespace: "n", value: "1", version: 1, expiresAt: null } as const;
  const beside = { publish: vi.fn(async () => {}), withdraw: vi.fn(async () => {}) };
  async function* pages(): StorePages {
    yield [{ ...row, key: "first" }];
    const others = (async function* (): StorePages {
      yield [{ ...row, key: "of another" }];
    })();
    await expect(restoreSqlite(directory, others, beside)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(`another restore into ${directory} is under way`),
    });
    await expect(openSqlite({ directory })).rejects.toMatchObject({
      code: "DATA_LOCKED",
      message: expect.stringContaining(`a restore into ${directory} is under way`),
    });
    yield [{ ...row, key: "second" }];
  }
  await restoreSqlite(directory, pages());
  expect(beside.publish).not.toHaveBeenCalled();
  expect(beside.withdraw).not.toHaveBeenCalled();
  expect(await readdir(directory)).toEqual(["agentcore.db"]);
  const stores = await openSqlite({ directory });
  const keys: string[] = [];
  for await (const page of stores.archive.pages())
    for (const each of page) keys.push(each.kind === "value" ? each.key : each.kind);
  expect(keys.toSorted()).toEqual(["first", "second"]);
  await stores.close();
});

test("a restore of another process holds the folder until that one is killed; what it leaves goes with the next", async () => {
  const directory = await temporary();
  onTestFinished(() => rm(directory, { recursive: true }));
  const child = spawn(process.execPath, ["-C", "agentcore-source", CHILD, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(child, "close");
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  async function* pages(): StorePages {
    yield [{ kind: "value", tenantId: "new", namespace: "n", key: "k", value: "1", version: 1, expiresAt: null }];
  }
  await expect(restoreSqlite(directory, pages())).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  child.kill("SIGKILL");
  await gone;
  expect((await readdir(directory)).toSorted()).toEqual(["agentcore.db.creation-lock", "agentcore.db.restoring"]);
  await restoreSqlite(directory, pages());
  expect(await readdir(directory)).toEqual(["agentcore.db"]);
  const stores = await openSqlite({ directory });
  expect(await stores.keyValue.get({ tenantId: "killed", namespace: "n" }, "k")).toBeNull();
  expect((await stores.keyValue.get({ tenantId: "new", namespace: "n" }, "k"))?.value).toBe(1);
  await stores.close();
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
