import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { findCgroups } from "./cgroups/find-cgroups.ts";
import { createSandbox } from "./create-sandbox.ts";

// Bubblewrap is installed by the scripts that run these tests: without it they fail.
const sandbox = createSandbox();
afterAll(() => sandbox.close());

const MIB = 2 ** 20;
const node = (code: string, ...words: string[]) => [process.execPath, "-e", code, ...words];
const NODE = { readable: [process.execPath] };

/** Processes of this machine whose command line holds a text. */
const processesWith = (text: string): string[] =>
  readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
    } catch {
      return false;
    }
  });

test("a program runs with its files, input and environment, and tells how it ended", async () => {
  const said = await sandbox.runProgram(["sh", "-c", 'cat a/b.txt -; echo "$NAME" >&2; echo x > a/c; exit 3'], {
    files: { "a/b.txt": "file " },
    stdin: "input",
    environment: { NAME: "value" },
  });
  expect(said).toMatchObject({ exitCode: 3, stdout: "file input", stderr: "value\n" });
  expect(said.limit).toBeUndefined();
  expect(await sandbox.runProgram(["sh", "-c", "kill -9 $$"])).toMatchObject({ exitCode: 137 });
  const missing = await sandbox.runProgram(["no-such-program"]);
  expect(missing).toMatchObject({ exitCode: 127, stderr: expect.stringContaining("no-such-program") });
});

test("words are arguments, and no shell reads them", async () => {
  const word = "$(id) ; `id` && 'x' \"y\" * \n z";
  expect(await sandbox.runProgram(["printf", "%s|", word, "--"])).toMatchObject({ stdout: `${word}|--|` });
});

test("files and environment of the host are not there", async () => {
  process.env["AGENTCORE_TEST_SECRET"] = "hidden";
  onTestFinished(() => {
    delete process.env["AGENTCORE_TEST_SECRET"];
  });
  expect(existsSync("/etc/passwd")).toBe(true);
  const { stdout } = await sandbox.runProgram([
    "sh",
    "-c",
    "env; cat /etc/passwd /etc/shadow /proc/1/environ; ls -a / /root /home /var /etc",
  ]);
  expect(stdout).not.toMatch(/hidden|root:/);
  expect(stdout.split("\n")).not.toContain("passwd");
  const { stdout: seen } = await sandbox.runProgram([
    "sh",
    "-c",
    "ls -d /proc/[0-9]*; cat /proc/[0-9]*/cmdline | tr '\\0' ' '",
  ]);
  // Bubblewrap, the shell and what it starts: nothing of the host.
  expect(seen.match(/^\/proc\/\d+$/gm)?.length).toBeLessThan(6);
  expect(seen).not.toContain("vitest");
});

test("nobody is root inside, and nothing but its work folder can be written to", async () => {
  const places = "/ /dev /dev/shm /usr /opt /opt/agentcore /proc/sys/kernel/core_pattern /work";
  const { stdout, stderr } = await sandbox.runProgram([
    ...[
      "sh",
      "-c",
      `id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -d '\\t';
      for place in ${places}; do (if [ -d $place ]; then echo x > $place/probe; else echo x > $place; fi) && echo "wrote $place"; done`,
    ],
  ]);
  expect(stdout.match(/^wrote .*$/gm)).toEqual(["wrote /work"]);
  expect(stderr).toMatch(/Read-only|denied/);
  expect(stdout).toMatch(/NoNewPrivs:1\n/);
  expect(stdout).toMatch(/CapEff:0+\n/);
  expect(stdout).toMatch(/Seccomp:2\n/);
  expect(stdout.split("\n")[0]).not.toBe("0");
});

test("memory ends it, on the heap and off it, of one process and of many", async () => {
  const heap = "const all = []; for (;;) all.push(new Array(1e5).fill(1.5))";
  const native = "const all = []; for (;;) all.push(Buffer.alloc(8e6, 1))";
  const many = `for (let i = 0; i < 6; i++) require("node:child_process").spawn(process.execPath, ["-e", "const b = Buffer.alloc(6e7, 1); setTimeout(() => {}, 6e4, b)"]); setTimeout(() => {}, 6e4)`;
  for (const code of [heap, native]) {
    const ended = await sandbox.runProgram(node(code), { ...NODE, limits: { memoryBytes: 200 * MIB } });
    expect(ended).toMatchObject({ limit: "memoryBytes", exitCode: 137 });
    expect(ended.usage.peakMemoryBytes).toBeLessThan(210 * MIB);
  }
  const spread = await sandbox.runProgram(node(many), {
    ...NODE,
    limits: { memoryBytes: 250 * MIB, wallMs: 1_500, processes: 200 },
  });
  expect(spread.usage.peakMemoryBytes).toBeLessThan(260 * MIB);
  // The same within bounds: it is the limit that ends them.
  const modest = await sandbox.runProgram(node("Buffer.alloc(1e8, 1)"), {
    ...NODE,
    limits: { memoryBytes: 400 * MIB },
  });
  expect(modest).toMatchObject({ exitCode: 0 });
});

test("files count as memory and end at their own limit", async () => {
  const fill =
    "head -c 30000000 /dev/zero > a; head -c 30000000 /dev/zero > b; head -c 30000000 /dev/zero > c; du -sb . | cut -f1";
  const { stdout, stderr } = await sandbox.runProgram(["sh", "-c", fill], { limits: { fileBytes: 40 * MIB } });
  expect(stderr).toContain("No space left");
  expect(Number(stdout)).toBeLessThan(42 * MIB);
  const { limit } = await sandbox.runProgram(["sh", "-c", fill], {
    limits: { fileBytes: 400 * MIB, memoryBytes: 50 * MIB },
  });
  expect(limit).toBe("memoryBytes");
});

test("time of the processor ends a busy loop, over all its processes, and time on the wall a sleep", async () => {
  const busy = await sandbox.runProgram(["sh", "-c", "while :; do :; done & while :; do :; done"], {
    limits: { cpuMs: 300 },
  });
  expect(busy).toMatchObject({ limit: "cpuMs" });
  expect(busy.usage.cpuMs).toBeLessThan(1_000);
  const slow = await sandbox.runProgram(["sleep", "60"], { limits: { wallMs: 200 } });
  expect(slow).toMatchObject({ limit: "wallMs" });
  expect(slow.usage.wallMs).toBeLessThan(5_000);
});

test("a fork bomb meets the limit of processes, and nothing of it is left", async () => {
  const mark = `bomb-${process.pid}`;
  const bomb = `#${mark}\nconst { spawn } = require("node:child_process");
    let refused = 0; const more = () => { spawn("/bin/sleep", ["60"]).on("error", () => { refused += 1; }); };
    for (let i = 0; i < 100; i++) more(); setTimeout(() => { console.log(refused); process.exit(); }, 300)`.replace(
    "#",
    "//",
  );
  const { stdout } = await sandbox.runProgram(node(bomb), { ...NODE, limits: { processes: 30, wallMs: 5_000 } });
  expect(Number(stdout)).toBeGreaterThan(60);
  const endless = await sandbox.runProgram(["sh", "-c", `: ${mark}; f() { f | f & }; f; sleep 60`], {
    limits: { processes: 30, wallMs: 500 },
  });
  expect(endless.exitCode).not.toBe(0);
  expect(processesWith(mark)).toEqual([]);
});

test("what it leaves in the background ends with it", async () => {
  const mark = `left-behind-${process.pid}`;
  const { exitCode } = await sandbox.runProgram([
    "sh",
    "-c",
    `(exec -a ${mark} sleep 60 || sh -c ': ${mark}; sleep 60') & setsid sh -c ': ${mark}; sleep 60' & sleep 0.1; echo done`,
  ]);
  expect(exitCode).toBe(0);
  expect(processesWith(mark)).toEqual([]);
});

test("no network is there unless it is asked for: neither this machine's ports nor the outside", async () => {
  const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const connect = `const s = require("node:net").connect(Number(process.argv[1]), process.argv[2]);
    s.on("data", (d) => console.log(String(d))).on("error", (e) => console.log(e.code)).setTimeout(2000, () => { console.log("SILENT"); process.exit(); })`;
  const reach = async (host: string, to: number, network: "none" | "host") =>
    (await sandbox.runProgram(node(connect, String(to), host), { ...NODE, limits: { network } })).stdout.trim();
  expect(await reach("127.0.0.1", port, "host")).toBe("hello");
  expect(await reach("127.0.0.1", port, "none")).toBe("ECONNREFUSED");
  expect(await reach("192.0.2.1", 80, "none")).toBe("ENETUNREACH");
  const { stdout } = await sandbox.runProgram(["sh", "-c", "cut -d: -f1 /proc/net/dev | tail -n +3"]);
  expect(stdout.trim()).toBe("lo");
});

test("it makes no namespace, and no socket that leads out of a virtual machine", async () => {
  const { exitCode, stderr } = await sandbox.runProgram(["unshare", "--user", "--map-root-user", "true"]);
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/Operation not permitted|No space left/)]);
  const families = `import socket
for family in (16, 38, 40):  # netlink is let through
    try: socket.socket(family, socket.SOCK_RAW if family == 16 else socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_STREAM); print(family)
    except OSError as error: print(error.errno)`;
  if (existsSync("/usr/bin/python3"))
    expect((await sandbox.runProgram(["python3", "-c", families])).stdout).toBe("16\n97\n97\n");
});

test("output without end ends at its limit", async () => {
  const flood = await sandbox.runProgram(["sh", "-c", "yes & yes >&2"], { limits: { outputBytes: 10_000 } });
  expect(flood).toMatchObject({ limit: "outputBytes" });
  expect(flood.stdout.length + flood.stderr.length).toBe(10_000);
});

test.runIf(process.getuid?.() === 0)("a program is not root for a folder that belongs to root", async () => {
  const path = await mkdtemp(join(tmpdir(), "agentcore-bound-"));
  onTestFinished(() => rm(path, { recursive: true }));
  chmodSync(path, 0o755);
  for (const [uid, gid] of [
    [0, 0],
    [0, 1_234],
    [1_234, 0],
  ] as const) {
    chownSync(path, uid, gid);
    await expect(sandbox.runProgram(["id", "-u"], { folder: { path, access: "read-write" } })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("belongs to root"),
    });
    const look = await sandbox.runProgram(["id", "-u"], { folder: { path, access: "read-only" } });
    expect([look.exitCode, look.stdout]).toEqual([0, "65534\n"]);
  }
  chownSync(path, 1_234, 1_235);
  const given = await sandbox.runProgram(["sh", "-c", "id -u; id -g"], { folder: { path, access: "read-write" } });
  expect(given.stdout).toBe("1234\n1235\n");
});

test("its environment stands on no command line, which all of the machine can read", async () => {
  const secret = `hidden-${process.pid}`;
  const ending = new AbortController();
  const running = sandbox.runProgram(["sleep", "7.25"], { environment: { A_KEY: secret }, signal: ending.signal });
  running.catch(() => undefined);
  const lines = () =>
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, "utf8");
        } catch {
          return "";
        }
      });
  await expect.poll(() => lines().filter((line) => line.includes("7.25")).length).toBeGreaterThan(0);
  expect(lines().filter((line) => line.includes(secret))).toEqual([]);
  ending.abort();
  await expect(running).rejects.toThrow();
  const told = await sandbox.runProgram(["sh", "-c", 'echo "$A_KEY"'], { environment: { A_KEY: secret } });
  expect(told.stdout).toBe(`${secret}\n`);
});

test("links in a bound folder lead nowhere outside of it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-bound-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  mkdirSync(join(folder, "shared"));
  writeFileSync(join(folder, "secret"), "hidden");
  writeFileSync(join(folder, "shared/known"), "known");
  symlinkSync(join(folder, "secret"), join(folder, "shared/absolute"));
  symlinkSync("../secret", join(folder, "shared/relative"));
  symlinkSync("/etc/passwd", join(folder, "shared/passwd"));
  const look = ["sh", "-c", "cat known absolute relative passwd ../secret; echo written > fresh; ls"];
  const readOnly = await sandbox.runProgram(look, { folder: { path: join(folder, "shared"), access: "read-only" } });
  expect(readOnly.stdout).toMatch(/^known/);
  expect(readOnly.stdout + readOnly.stderr).not.toContain("hidden");
  expect(readOnly.stdout).not.toContain("root:");
  expect(readOnly.stderr).toContain("Read-only");
  if (process.getuid?.() === 0) chownSync(join(folder, "shared"), 1_234, 1_234);
  await sandbox.runProgram(look, { folder: { path: join(folder, "shared"), access: "read-write" } });
  expect(readFileSync(join(folder, "shared/fresh"), "utf8")).toBe("written\n");
  for (const path of ["/", "/proc/self", "/dev", "relative", "/no-such-folder"])
    await expect(sandbox.runProgram(["true"], { folder: { path, access: "read-only" } })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
});

test("what does not fit is refused before anything runs", async () => {
  for (const [argv, options] of [
    [[], {}],
    [["a\0b"], {}],
    [["true"], { limits: { memoryBytes: 1 } }],
    [["true"], { limits: { network: "all" } }],
    [["true"], { limits: { memory: 5 } }],
    [["true"], { files: { "../x": "" } }],
    [["true"], { files: { "/x": "" } }],
    [["true"], { files: { x: "long" }, limits: { fileBytes: 1 } }],
    [["true"], { environment: { "A=B": "c" } }],
    [["true"], { readable: ["etc"] }],
  ] as [string[], object][])
    await expect(sandbox.runProgram(argv, options), JSON.stringify([argv, options])).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
});

test("an abort ends it, with the reason of whoever aborts", async () => {
  const mark = `aborted-${process.pid}`;
  const stop = new AbortController();
  const running = sandbox.runProgram(["sh", "-c", `: ${mark}; sleep 60`], { signal: stop.signal });
  while (processesWith(mark).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  expect(processesWith(mark)).toEqual([]);
});

test("when the node is killed all that it ran ends, and the next one clears up after it", async () => {
  const mark = `orphan-${process.pid}`;
  const script = join(import.meta.dirname, "../test/run-until-killed.ts");
  const other = spawn(process.execPath, ["-C", "agentcore-source", script, mark], { stdio: "inherit" });
  while (processesWith(mark).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  const died = once(other, "exit");
  other.kill("SIGKILL");
  await died;
  while (processesWith(mark).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const next = createSandbox();
  await next.runProgram(["true"]);
  await next.close();
  const cgroups = findCgroups();
  if (cgroups.version === null) return;
  const folder = cgroups.version === 2 ? cgroups.folder : cgroups.memory;
  expect(readdirSync(folder).filter((name) => name.includes(`-${other.pid}-`))).toEqual([]);
});

test("what runs does not hold up this process", async () => {
  let turns = 0;
  const ticks = setInterval(() => (turns += 1), 10);
  await sandbox.runProgram(["sh", "-c", "while :; do :; done"], { limits: { wallMs: 500 } });
  clearInterval(ticks);
  expect(turns).toBeGreaterThan(10);
});

test("descriptors of this process are not handed on", async () => {
  const open = openSync(join(import.meta.dirname, "index.ts"), "r");
  onTestFinished(() => closeSync(open));
  const { stdout } = await sandbox.runProgram(["sh", "-c", "for one in /proc/$$/fd/*; do readlink $one; done"]);
  expect(stdout).not.toMatch(/index\.ts|anon_inode|\/dev\/(?!null)/);
  // Those far above were handed to this process itself by whoever started it; the fourth is what `ls` reads.
  const numbers = (await sandbox.runProgram(["ls", "/proc/self/fd"])).stdout.trim().split("\n").map(Number);
  expect(numbers.filter((number) => number < 32).sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
});
