import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Tool } from "@agentcore/sdk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConfinedFolder } from "./confined-folder.ts";
import { type FileToolsOptions, fileTools } from "./file-tools.ts";
import { readBounded } from "./read-bounded.ts";

let base = "";
let root = "";
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "agentcore-files-"));
  root = join(base, "root");
  mkdirSync(root);
  writeFileSync(join(base, "secret.txt"), "SECRET");
});
afterEach(() => rmSync(base, { recursive: true }));

const write = (path: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};

const toolsOf = (options: Partial<FileToolsOptions> = {}) => {
  const tools = fileTools({ root, write: true, ...options });
  return async (
    name: string,
    input: object,
    signal = new AbortController().signal,
  ): Promise<Record<string, unknown>> => {
    const tool = tools.find((one: Tool) => one.name === name);
    const checked = await tool?.input["~standard"].validate(input);
    if (checked?.issues !== undefined) throw new Error(checked.issues.map(({ message }) => message).join("; "));
    return (await tool?.execute(checked?.value, { signal, idempotencyKey: "k" })) as Record<string, unknown>;
  };
};

test("without `write` nothing changes files, and what does asks for a scope", () => {
  expect(fileTools({ root }).map(({ name, readOnly }) => [name, readOnly])).toEqual([
    ["list_files", true],
    ["read_file", true],
    ["search_files", true],
  ]);
  const changing = fileTools({ root, write: true, name: "reports" }).slice(3);
  expect(changing.map(({ name, permission, idempotent }) => [name, permission, idempotent])).toEqual([
    ["reports_write_file", "files:write", true],
    ["reports_edit_file", "files:write", undefined],
    ["reports_delete_file", "files:write", true],
  ]);
});

test("files are listed, searched and read by lines", async () => {
  write("a.txt", "one\ntwo\nthree\n");
  write("reports/2026/may.csv", "city,sold\nOslo,10\n");
  write("reports/2026/june.csv", "city,sold\nBergen,7\n");
  const use = toolsOf();
  expect(await use("list_files", {})).toEqual({
    entries: [
      { path: "a.txt", kind: "file" },
      { path: "reports", kind: "folder" },
    ],
    more: false,
  });
  expect(await use("list_files", { path: "reports", pattern: "**/*.csv", limit: 1 })).toEqual({
    ...{ entries: [{ path: "reports/2026/june.csv", kind: "file", bytes: 19 }], more: true },
  });
  expect(await use("read_file", { path: "./a.txt", fromLine: 2, lines: 1 })).toEqual({
    ...{ path: "./a.txt", bytes: 14, hash: expect.stringMatching(/^[0-9a-f]{16}$/), text: "two" },
    ...{ fromLine: 2, toLine: 2, totalLines: 3, next: { fromLine: 3, fromCharacter: 0 } },
  });
  expect(await use("search_files", { text: "oslo", ignoreCase: true })).toEqual({
    ...{ matches: [{ path: "reports/2026/may.csv", line: 2, text: "Oslo,10" }], searched: 3, passedOver: 0 },
  });
  expect(await use("search_files", { text: "city", path: "reports", pattern: "june*", limit: 1 })).toMatchObject({
    searched: 1,
  });
  expect(await use("search_files", { text: "city", limit: 1 })).toMatchObject({ ended: "1 lines were found" });
  // No pattern: what looks like one is looked for as it stands.
  expect(await use("search_files", { text: "(.*)*" })).toMatchObject({ matches: [] });
});

const ESCAPES: readonly (readonly [path: string, code: string])[] = [
  ["../secret.txt", "INVALID_ARGUMENT"],
  ["a/../../secret.txt", "INVALID_ARGUMENT"],
  ["a/..", "INVALID_ARGUMENT"],
  ["/etc/passwd", "INVALID_ARGUMENT"],
  ["//etc/passwd", "INVALID_ARGUMENT"],
  ["C:/Windows/win.ini", "INVALID_ARGUMENT"],
  ["..\\secret.txt", "INVALID_ARGUMENT"],
  ["a.txt\0.md", "INVALID_ARGUMENT"],
  ["a\n.txt", "INVALID_ARGUMENT"],
  ["\u202etxt.a", "INVALID_ARGUMENT"],
  ["x/".repeat(40), "INVALID_ARGUMENT"],
  ["x".repeat(4_000), "INVALID_ARGUMENT"],
  ["link.txt", "PERMISSION_DENIED"],
  ["inner.txt", "PERMISSION_DENIED"],
  ["up/secret.txt", "PERMISSION_DENIED"],
  ["a/loop/loop/a.txt", "PERMISSION_DENIED"],
  ["broken", "PERMISSION_DENIED"],
  [".env", "PERMISSION_DENIED"],
  [".git/config", "PERMISSION_DENIED"],
  ["a/.npmrc", "PERMISSION_DENIED"],
  ["a/id_rsa", "PERMISSION_DENIED"],
  ["a/SERVER.PEM", "PERMISSION_DENIED"],
  ["a", "INVALID_ARGUMENT"],
  [".", "INVALID_ARGUMENT"],
  ["pipe", "INVALID_ARGUMENT"],
  ["socket", "INVALID_ARGUMENT"],
];

const layTraps = async (): Promise<AsyncDisposable> => {
  write("a/a.txt", "inside");
  for (const path of [".env", ".git/config", "a/.npmrc", "a/id_rsa", "a/SERVER.PEM"]) write(path, "SECRET");
  symlinkSync(join(base, "secret.txt"), join(root, "link.txt"));
  symlinkSync("a/a.txt", join(root, "inner.txt"));
  symlinkSync("..", join(root, "up"));
  symlinkSync(".", join(root, "a", "loop"));
  symlinkSync("nowhere", join(root, "broken"));
  execFileSync("mkfifo", [join(root, "pipe")]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, "socket"), resolve));
  return { [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) };
};

test("no path leads out of the root, to what is hidden, or to what is no file", async () => {
  await using _ = await layTraps();
  const use = toolsOf();
  for (const [path, code] of ESCAPES) {
    const { hash } = { hash: "0".repeat(16) };
    for (const [name, more] of [
      ["read_file", {}],
      ["write_file", { content: "x", replaces: hash }],
      ["write_file", { content: "x" }],
      ["edit_file", { old: "SECRET", new: "x" }],
      ["delete_file", { hash }],
    ] as const)
      await expect(use(name, { path, ...more }), `${name} ${JSON.stringify(path).slice(0, 40)}`).rejects.toMatchObject({
        code,
      });
  }
  expect(readFileSync(join(base, "secret.txt"), "utf8")).toBe("SECRET");
  expect(existsSync(join(root, "nowhere"))).toBe(false);
  const { entries } = await use("list_files", {});
  expect(entries).toEqual([
    { path: "a", kind: "folder" },
    { path: "broken", kind: "link" },
    { path: "inner.txt", kind: "link" },
    { path: "link.txt", kind: "link" },
    { path: "pipe", kind: "other" },
    { path: "socket", kind: "other" },
    { path: "up", kind: "link" },
  ]);
  expect(await use("search_files", { text: "SECRET" })).toMatchObject({ matches: [], searched: 1 });
  expect(await use("list_files", { pattern: "**" })).toMatchObject({ entries: [{ path: "a/a.txt" }] });
  for (const path of ["..", "up", "/", ".git"]) await expect(use("list_files", { path })).rejects.toThrow();
});

test("the same holds where the system has no paths of opened files", async () => {
  await using _ = await layTraps();
  const folder = new ConfinedFolder(root, { descriptors: null });
  const read = (path: string) =>
    folder.openFile(path, async (file) => Buffer.from(await readBounded(file, path, { maxBytes: 100 })).toString());
  expect(await read("a/a.txt")).toBe("inside");
  for (const [path, code] of ESCAPES)
    await expect(read(path), JSON.stringify(path).slice(0, 40)).rejects.toMatchObject({ code });
});

test("what is hidden is opened only where the operator says so", async () => {
  write(".env", "KEY=1");
  const use = toolsOf({ hidden: true });
  expect(await use("read_file", { path: ".env" })).toMatchObject({ text: "KEY=1" });
  expect(await use("list_files", {})).toMatchObject({ entries: [{ path: ".env" }] });
});

test("a root that is a link is where it leads, now and after it leads elsewhere; links in it stay closed", async () => {
  write("a.txt", "one");
  const other = join(base, "other");
  mkdirSync(other);
  writeFileSync(join(other, "a.txt"), "two");
  const current = join(base, "current");
  symlinkSync(root, current);
  const use = toolsOf({ root: current });
  expect(await use("read_file", { path: "a.txt" })).toMatchObject({ text: "one" });
  rmSync(current);
  symlinkSync(other, current);
  expect(await use("read_file", { path: "a.txt" })).toMatchObject({ text: "two" });
  rmSync(current);
  const gone = { code: "NOT_FOUND", message: "the folder of these tools cannot be opened: ENOENT" };
  await expect(use("read_file", { path: "a.txt" })).rejects.toMatchObject(gone);
});

test("who swaps folders for links while files are read and written gets nothing out, and nothing in", async () => {
  const outside = join(base, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "a.txt"), "SECRET");
  writeFileSync(join(outside, "b.txt"), "text");
  write("a/a.txt", "inside");
  write("a/b.txt", "text");
  const flag = new Int32Array(new SharedArrayBuffer(8));
  const swapper = new Worker(
    `const { renameSync, symlinkSync } = require("node:fs");
     const { workerData: { root, outside, flag } } = require("node:worker_threads");
     symlinkSync(outside, root + "/link");
     while (Atomics.load(flag, 0) === 0) {
       renameSync(root + "/a", root + "/kept"); renameSync(root + "/link", root + "/a");
       renameSync(root + "/a", root + "/link"); renameSync(root + "/kept", root + "/a");
       Atomics.add(flag, 1, 1);
     }`,
    { eval: true, workerData: { root, outside, flag } },
  );
  const ended = new Promise((resolve) => swapper.once("exit", resolve));
  const use = toolsOf();
  let read = 0;
  let refused = 0;
  try {
    for (let turn = 0; turn < 800 || read === 0 || refused === 0; turn += 1) {
      const got = await use("read_file", { path: "a/a.txt" }).catch((error: Error) => error);
      if (got instanceof Error) refused += 1;
      else {
        expect(got.text).toBe("inside");
        read += 1;
      }
      await use("edit_file", { path: "a/b.txt", old: "text", new: "text." }).catch(() => null);
    }
  } finally {
    Atomics.store(flag, 0, 1);
    await ended;
  }
  expect(Atomics.load(flag, 1)).toBeGreaterThan(0);
  expect(readdirSync(outside)).toEqual(["a.txt", "b.txt"]);
  expect(readFileSync(join(outside, "b.txt"), "utf8")).toBe("text");
  expect(readFileSync(join(root, "a", "b.txt"), "utf8")).toMatch(/^text\.+$/);
});

test("large and sparse files, devices and files without end are bounded", async () => {
  write("large.txt", "x".repeat(2_000));
  write("sparse.txt", "x");
  truncateSync(join(root, "sparse.txt"), 2 ** 40);
  write("binary.txt", new Uint8Array([1, 0, 2]));
  const use = toolsOf({ maxFileBytes: 1_000 });
  for (const path of ["large.txt", "sparse.txt"])
    await expect(use("read_file", { path })).rejects.toMatchObject({ code: "TOO_LARGE" });
  await expect(use("read_file", { path: "binary.txt" })).rejects.toThrow("it is no text");
  await expect(use("write_file", { path: "new.txt", content: "é".repeat(600) })).rejects.toMatchObject({
    code: "TOO_LARGE",
  });
  expect(await use("search_files", { text: "x" })).toMatchObject({ matches: [], searched: 0, passedOver: 3 });
  // Says that it has no bytes, and has more than any bound.
  const proc = toolsOf({ root: "/proc/self", maxFileBytes: 10 });
  await expect(proc("read_file", { path: "status" })).rejects.toMatchObject({ code: "TOO_LARGE" });
  const devices = toolsOf({ root: "/dev" });
  await expect(devices("read_file", { path: "zero" })).rejects.toThrow("a device, a pipe or a socket");
});

test("a new file is made with its folders, another content needs the hash of what it replaces, the same is no change", async () => {
  const use = toolsOf();
  const first = await use("write_file", { path: "a/b/c.txt", content: "one" });
  expect(first).toMatchObject({ changed: true, bytes: 3 });
  expect(await use("write_file", { path: "a/b/c.txt", content: "one" })).toMatchObject({ changed: false });
  await expect(use("write_file", { path: "a/b/c.txt", content: "two" })).rejects.toMatchObject({ code: "CONFLICT" });
  chmodSync(join(root, "a/b/c.txt"), 0o640);
  const second = { path: "a/b/c.txt", content: "two", replaces: first.hash };
  expect(await use("write_file", second)).toMatchObject({ changed: true });
  // As it is called again after a crash.
  expect(await use("write_file", second)).toMatchObject({ changed: false });
  expect(statSync(join(root, "a/b/c.txt")).mode & 0o777).toBe(0o640);
  await expect(use("write_file", { ...second, content: "three" })).rejects.toThrow("has changed: read it again");
  await expect(use("write_file", { path: "none.txt", content: "x", replaces: first.hash })).rejects.toThrow("is gone");
  expect(readFileSync(join(root, "a/b/c.txt"), "utf8")).toBe("two");
  expect(readdirSync(join(root, "a/b"))).toEqual(["c.txt"]);
});

test("two that replace the same content at once: one of them is told", async () => {
  const use = toolsOf();
  const { hash } = await use("write_file", { path: "a.txt", content: "one" });
  const both = await Promise.allSettled(
    ["two", "three"].map((content) => use("write_file", { path: "a.txt", content, replaces: hash })),
  );
  expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
});

test("a text is replaced where it stands once, also over lines that end as Windows ends them", async () => {
  write("a.txt", "\ufeffone\r\ntwo\r\ntwo\r\n");
  const use = toolsOf();
  const path = "a.txt";
  await expect(use("edit_file", { path, old: "two", new: "x" })).rejects.toThrow("has that text 2 times");
  await expect(use("edit_file", { path, old: "four", new: "x" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(await use("edit_file", { path, old: "one\ntwo", new: "$&\nb" })).toMatchObject({ replaced: 1 });
  expect(await use("edit_file", { path, old: "t", new: "T", all: true })).toMatchObject({ replaced: 1 });
  expect(readFileSync(join(root, path), "utf8")).toBe("\ufeff$&\r\nb\r\nTwo\r\n");
  write("latin.txt", Buffer.from("caf\xe9", "latin1"));
  await expect(use("edit_file", { path: "latin.txt", old: "c", new: "k" })).rejects.toThrow("no text in UTF-8");
});

test("agents that share a folder, each with tools of its own and by another name of it, do not undo each other's changes", async () => {
  mkdirSync(join(root, "shared"));
  symlinkSync(join(root, "shared"), join(base, "alias"));
  const [one, two] = [toolsOf(), toolsOf({ root: join(base, "alias") })];
  for (let round = 0; round < 20; round += 1) {
    write("shared/both.txt", "one two");
    await Promise.all([
      one("edit_file", { path: "shared/both.txt", old: "one", new: "1" }),
      two("edit_file", { path: "both.txt", old: "two", new: "2" }),
    ]);
    expect(readFileSync(join(root, "shared/both.txt"), "utf8")).toBe("1 2");
  }
});

test("an edit that would make too much of a file is refused before it is made", async () => {
  write("letters.txt", "a".repeat(100_000));
  const edit = { path: "letters.txt", old: "a", new: "b".repeat(100_000), all: true };
  // 10 GB of text, which no string holds.
  await expect(toolsOf()("edit_file", edit)).rejects.toMatchObject({ code: "TOO_LARGE" });
  expect(readFileSync(join(root, "letters.txt"), "utf8")).toBe("a".repeat(100_000));
});

test("a file is deleted if it is the one that was read, and once it is gone it is deleted", async () => {
  const use = toolsOf();
  const { hash } = await use("write_file", { path: "a.txt", content: "one" });
  write("a.txt", "two");
  await expect(use("delete_file", { path: "a.txt", hash })).rejects.toMatchObject({ code: "CONFLICT" });
  write("a.txt", "one");
  expect(await use("delete_file", { path: "a.txt", hash })).toEqual({ path: "a.txt", deleted: true });
  expect(await use("delete_file", { path: "a.txt", hash })).toEqual({ path: "a.txt", deleted: false });
});

test("a second name of a file outside is that file: it is read, and writing leaves the other name its content", async () => {
  linkSync(join(base, "secret.txt"), join(root, "same.txt"));
  const use = toolsOf();
  const { hash } = await use("read_file", { path: "same.txt" });
  await use("write_file", { path: "same.txt", content: "x", replaces: hash });
  expect(readFileSync(join(base, "secret.txt"), "utf8")).toBe("SECRET");
});

test("a call that is given up ends", async () => {
  for (let at = 0; at < 300; at += 1) write(`${at}.txt`, "x");
  const stop = new AbortController();
  const use = toolsOf();
  stop.abort(new Error("enough"));
  for (const [name, input] of [
    ["search_files", { text: "x" }],
    ["list_files", { pattern: "*" }],
    ["read_file", { path: "1.txt" }],
    ["write_file", { path: "new.txt", content: "x" }],
  ] as const)
    await expect(use(name, input, stop.signal)).rejects.toThrow("enough");
  expect(existsSync(join(root, "new.txt"))).toBe(false);
});

test("a root that cannot be, or a bound that is none, is said", async () => {
  expect(() => fileTools({ root, maxFileBytes: 0 })).toThrow("maxFileBytes: expected a whole number from 1");
  write("a.txt", "x");
  await expect(toolsOf({ root: join(root, "a.txt") })("list_files", {})).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a node that is out of descriptors says so, names no path of its own, and takes nothing for gone", () => {
  write("a/b/c.txt", "text");
  const script = `
    import { openSync, closeSync } from "node:fs";
    const { ConfinedFolder } = await import(${JSON.stringify(new URL("confined-folder.ts", import.meta.url).href)});
    const folder = new ConfinedFolder(${JSON.stringify(root)});
    const walk = async () => {
      const found = [];
      for await (const { path } of folder.walk("", { maxEntries: 100 })) found.push(path);
      return found;
    };
    // What is loaded when it is first used is loaded now.
    const said = [(await walk()).join()];
    const taken = [];
    try {
      for (;;) taken.push(openSync("/dev/null"));
    } catch {}
    for (let free = 1; free <= 3; free++) {
      closeSync(taken.pop());
      said.push(await walk().then(() => "all", ({ code, message }) => code + " " + message));
    }
    while (taken.length > 0) closeSync(taken.pop());
    console.log(JSON.stringify(said));
  `;
  const command = 'ulimit -n 128; exec "$0" --conditions agentcore-source --input-type module --eval "$1"';
  const output = execFileSync("sh", ["-c", command, process.execPath, script], { encoding: "utf8" });
  const [whole, ...short] = JSON.parse(output) as string[];
  expect(whole).toBe("a/b/c.txt");
  for (const said of short) {
    expect(said).toMatch(/^(UPSTREAM_FAILED|NOT_FOUND) .*EMFILE/);
    expect(said).not.toContain("/proc");
  }
});
