import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { StorePages, StoreRow } from "@agentcore/core/ports";
import { expect, onTestFinished, test } from "vitest";
import type { BackupHeader } from "./backup-format.ts";
import { readBackup } from "./read-backup.ts";
import { writeBackup } from "./write-backup.ts";

const header: BackupHeader = { format: "agentcore-backup", version: 3, agentcore: "1", takenAt: "", store: "sqlite" };
const mail = (key: string, payload: string): StoreRow => ({
  ...{ kind: "mail", tenantId: "acme", taskId: "t", key, mail: "message", payload, insertedAt: 0, consumed: false },
});

test("rows of any length come back as they were, and a long one takes no longer than many short ones", async () => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-read-backup-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  // As long as a payload may be; characters of two and four bytes, so that pieces of the file end within them.
  const rows = [
    mail("long", JSON.stringify("aé😀".repeat(4_700_000))),
    ...Array.from({ length: 1000 }, (_, index) => mail(`${index}`, JSON.stringify("é\n".repeat(index)))),
    mail("last", JSON.stringify("x".repeat(3_000_000))),
  ];
  async function* pages(): StorePages {
    for (let at = 0; at < rows.length; at += 100) yield rows.slice(at, at + 100);
  }
  const file = join(directory, "b");
  await pipeline(writeBackup(header, pages()), createWriteStream(file));
  const read: StoreRow[] = [];
  const backup = readBackup(file);
  for await (const page of backup.pages) read.push(...page);
  expect(read.length).toBe(rows.length);
  expect(read.findIndex((row, index) => JSON.stringify(row) !== JSON.stringify(rows[index]))).toBe(-1);
  expect(backup.counts()).toEqual({ mail: rows.length });
}, 15_000);

test("a backup of an earlier version of the format is read, one of a later version refused", async () => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-read-backup-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const read = async (version: number, written: StoreRow = mail("m", "1")): Promise<number> => {
    async function* pages(): StorePages {
      yield [written];
    }
    const file = join(directory, String(version));
    await pipeline(writeBackup({ ...header, version }, pages()), createWriteStream(file));
    let rows = 0;
    for await (const page of readBackup(file).pages) {
      rows += page.length;
      if (written.kind === "account") expect(page).toEqual([{ ...written, endsAt: null }]);
    }
    return rows;
  };
  expect(await read(1)).toBe(1);
  const { endsAt: _, ...account } = {
    kind: "account",
    tenantId: "t",
    account: "a",
    spent: 1,
    reserved: 2,
    endsAt: null,
  } as const;
  expect(await read(2, account as StoreRow)).toBe(1);
  expect(await read(3)).toBe(1);
  for (const unknown of [0, 1.5, 4]) await expect(read(unknown)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
