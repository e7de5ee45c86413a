/** Coding agents in a sandbox, on a whole node: each limit is shown by an attempt that fails, made by the program itself and by what it leaves for others. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CodingResult } from "@agentcore/coding";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openTestRepository, processesWith, runsIn, type TestRepository } from "../../../coding/test/coding-world.ts";
import { codingAgentManifest, PROGRAM } from "../../test/coding/coding-agent-manifest.ts";
import { type RunningNode, startNode } from "../start-node.ts";

const MIB = 2 ** 20;

let data: string;
let node: RunningNode;

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), "agentcore-coding-"));
  node = await startNode({
    ...{ port: 0, dataDirectory: data, logLevel: "error" },
    env: { PATH: process.env["PATH"], AGENTCORE_PRIVATE: "not for programs" },
  });
  await node.ready;
});

afterAll(async () => {
  await node.close(0);
  await rm(data, { recursive: true, force: true, maxRetries: 3 });
});

let agents = 0;
const agentFor = async ({ folder }: TestRepository, coding: object = {}, sandbox: object = {}): Promise<string> => {
  agents += 1;
  const name = `boxed-${agents}`;
  const manifest = codingAgentManifest(name, folder, {
    ...{ isolation: "sandbox", sandbox: { network: "none", ...sandbox } },
    ...coding,
  });
  await node.apply([manifest]);
  return name;
};

const api = async (path: string, body?: unknown) => {
  const response = await fetch(`${node.url}/api/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return response.json();
};

const run = async (agent: string, input: string) => {
  const { head, task } = await api("/tasks", { target: `agent:${agent}`, input, wait: true });
  return {
    id: head.taskId as string,
    state: head.state as string,
    output: task.artifacts?.at(-1)?.parts[0]?.data as CodingResult,
    message: task.status.message?.parts[0]?.text as string | undefined,
  };
};

const ATTACK = readFileSync(new URL("../../test/coding/attack.mjs", import.meta.url), "utf8");

const attackWith = ({ folder }: TestRepository): string => {
  const known = { data, repository: folder, port: Number(new URL(node.url).port), nodePid: process.pid };
  return `run node attack.mjs ${JSON.stringify(known)}`;
};

test("a program and the commands that check it find their worktree and nothing of the machine, reach nothing, and what they plant runs nowhere else", async () => {
  const repository = await openTestRepository({ "a.txt": "one\n", "attack.mjs": ATTACK });
  const validate = [
    [
      "sh",
      "-c",
      `test ! -e /etc/shadow && test ! -e ${data}/agentcore.db && test -z "$AGENTCORE_PRIVATE" && test $(id -u) != 0`,
    ],
    ["git", "log", "-1"],
  ];
  const before = repository.git("config", "--list", "--local");
  const agent = await agentFor(repository, { validate });
  const done = await run(agent, attackWith(repository));
  expect(done.output).toMatchObject({ outcome: "offered", complete: true, reasons: [] });
  const said = JSON.parse(repository.read(done.output.branch ?? "", "said.json") ?? "");
  expect(said).toEqual({
    ...{ shadow: "refused: ENOENT", database: "refused: ENOENT", dataFolder: ["coding"], runs: 1 },
    ...{ homes: "refused: ENOENT", ownHome: ["sessions"], accountHome: "refused: ENOENT", working: "refused: ENOENT" },
    environment: ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "HOME", "PATH", "PWD", "TMPDIR"],
    // Without root, folders that lead to what is mounted are its own, where they lie in its /tmp.
    writeRepository: expect.stringMatching(/refused: E(ROFS|ACCES)|done/),
    writeObjects: expect.stringMatching(/refused: E(ROFS|ACCES)/),
    writeSystem: expect.stringMatching(/refused: E(ROFS|ACCES)/),
    writeBesideWorktree: expect.stringMatching(/refused: E(ROFS|ACCES)|done/),
    linkAccount: "refused: EXDEV",
    writeTemporary: "done",
    // The first of its namespace, the program, a shell of none, and itself.
    processes: 3,
    killNode: "refused: ESRCH",
    trace: "-1 1",
    memoryOfParent: expect.stringMatching(/refused: E(ACCES|PERM|IO)/),
    mount: "refused: 1",
    nodePort: "refused: ECONNREFUSED",
    elsewhere: "refused: ENETUNREACH",
    planted: `touch ${join(data, "pwned")}`,
    // Of what stands for the repository.
    moveBase: "done",
    home: false,
  });
  expect(existsSync(join(data, "pwned"))).toBe(false);
  expect(existsSync(join(repository.folder, "planted"))).toBe(false);
  expect(repository.git("config", "--list", "--local")).toBe(before);
  expect(readdirSync(join(repository.folder, ".git", "hooks")).filter((name) => !name.endsWith(".sample"))).toEqual([]);
  expect(existsSync(join(repository.folder, ".git", "info", "attributes"))).toBe(false);
  expect(repository.read("main", "a.txt")).toBe("one");
  expect([repository.worktrees(), runsIn(data)]).toEqual([[], []]);
  // The home was that task's.
  const next = await run(agent, attackWith(repository));
  expect(JSON.parse(repository.read(next.output.branch ?? "", "said.json") ?? "").home).toBe(false);
});

test("a session is gone on with in the task's own home, and what passes is merged with the checks in a sandbox too", async () => {
  const repository = await openTestRepository();
  repository.git("tag", "v1.2.3");
  const validate = [["sh", "-c", "grep -q right b.txt && git describe --tags | grep -q ^v1.2.3 && git log -1"]];
  const agent = await agentFor(repository, { validate, deliver: "merge", prepare: [["git", "rev-parse", "HEAD"]] });
  const done = await run(agent, "write b.txt wrong\nrun chmod 0 .\n---\nwrite b.txt right");
  expect(done.output).toMatchObject({ outcome: "merged", complete: true, turns: 2 });
  expect(repository.read("main", "b.txt")).toBe("right");
  expect([repository.worktrees(), runsIn(data), repository.branches()]).toEqual([[], [], []]);
});

test("memory, the processor, processes, files and output end at their limits, and a daemon ends with what started it", async () => {
  const repository = await openTestRepository({
    "hoard.mjs": "const all = []; for (;;) all.push(Buffer.alloc(8e6, 1));",
    "burn.mjs": "for (;;);",
    "bomb.mjs": `import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs"; let refused = 0;
      for (let at = 0; at < 200; at++) spawn("/bin/sleep", ["60"]).on("error", () => { refused += 1; });
      setTimeout(() => { writeFileSync("refused", String(refused)); process.exit(); }, 500);`,
    "fill.mjs": `import { writeFileSync } from "node:fs"; process.on("SIGXFSZ", () => {}); const said = [];
      for (const path of ["big", "/tmp/big"]) try { writeFileSync(path, Buffer.alloc(3e6)); said.push("written"); } catch (error) { said.push(error.code); }
      writeFileSync("filled", said.join(" "));`,
  });
  const [hoarding, burning, bombing, filling, flooding, leaving] = await Promise.all([
    agentFor(repository, {}, { memoryBytes: 256 * MIB }),
    agentFor(repository, {}, { cpuMs: 1_500 }),
    agentFor(repository, {}, { processes: 60 }),
    agentFor(repository, {}, { fileBytes: 2 * MIB }),
    agentFor(repository, { maxOutputBytes: 1_000_000 }),
    agentFor(repository),
  ]);
  const beats = "/tmp/beats-of-boxed";
  const done = await Promise.all([
    run(hoarding, "write kept.txt x\nrun node hoard.mjs\nhang"),
    run(burning, "write kept.txt x\nrun node burn.mjs"),
    run(flooding, "write kept.txt x\nflood"),
    run(bombing, "write kept.txt x\nrun node bomb.mjs"),
    run(filling, "write kept.txt x\nrun node fill.mjs"),
    run(leaving, `write kept.txt x\ndaemon ${beats}\nuntil ${beats}`),
  ]);
  expect(done.map(({ output }) => output.reasons)).toEqual([
    ["claude-code was stopped: it took too much memory and was ended"],
    ["claude-code was stopped: it took too much of the processor's time and was ended"],
    ["claude-code was stopped: it wrote too much and was ended"],
    ...[[], [], []],
  ]);
  expect(done.map(({ output }) => repository.read(output.branch ?? "", "kept.txt"))).toEqual(done.map(() => "x"));
  const [, , , bombed, filled] = done;
  expect(Number(repository.read(bombed?.output.branch ?? "", "refused"))).toBeGreaterThan(140);
  expect(repository.read(filled?.output.branch ?? "", "filled")).toBe("EFBIG EFBIG");
  expect([processesWith(beats), existsSync(beats)]).toEqual([[], false]);
});

test("the network is there where it is asked for", async () => {
  const repository = await openTestRepository({ "a.txt": "one\n", "attack.mjs": ATTACK });
  const agent = await agentFor(repository, {}, { network: "host" });
  const done = await run(agent, attackWith(repository));
  const said = JSON.parse(repository.read(done.output.branch ?? "", "said.json") ?? "");
  expect(said).toMatchObject({ nodePort: "done", shadow: "refused: ENOENT", killNode: "refused: ESRCH" });
});

test("named hosts are reached, others and this machine are not, and whoever follows the task sees what was asked for", async () => {
  const { port } = new URL(node.url);
  const ask = `
    const { writeFileSync } = await import("node:fs");
    const { request } = await import("node:http");
    // Its own name is asked for directly, by all who follow NO_PROXY.
    const connect = (path) => new Promise((done) => {
      const { hostname, port } = new URL(process.env.HTTPS_PROXY);
      request({ hostname, port, path, method: "CONNECT" }).on("connect", ({ statusCode }) => done(String(statusCode))).end();
    });
    const said = [await fetch("https://evil.example/").catch(({ cause }) => cause.cause?.message ?? cause.message), await connect("localhost:${port}")];
    writeFileSync("asked.json", JSON.stringify(said));`;
  const repository = await openTestRepository({ "attack.mjs": ATTACK, "ask.mjs": ask });
  const network = { hosts: ["api.example", "*.example.org", `localhost:${port}`] };
  const agent = await agentFor(
    repository,
    { validate: [["sh", "-c", "node ask.mjs; exit 1"]], maxTurns: 1 },
    { network },
  );
  const done = await run(agent, `${attackWith(repository)}\nrun node ask.mjs`);
  const read = (path: string) => JSON.parse(repository.read(done.output.branch ?? "", path) ?? "");
  expect(read("said.json")).toMatchObject({ nodePort: "refused: ECONNREFUSED", elsewhere: "refused: ENETUNREACH" });
  expect(read("asked.json")).toEqual([expect.stringContaining("403"), expect.stringContaining("403")]);
  const refused = [
    "the sandbox refused evil.example:443: it is not among the hosts that may be reached",
    `the sandbox refused localhost:${port}: it is this machine, which is called only with network: host`,
  ];
  expect(done.output.checks?.[0]?.output.split("\n")).toEqual(refused);
  const events = await api(`/tasks/${done.id}/events`);
  for (const message of refused) expect(JSON.stringify(events)).toContain(`problem: ${message}`);
});

test("what says nothing, or would weaken it, is refused when it is applied", async () => {
  const repository = await openTestRepository();
  const refusal = (coding: object, sandbox?: object) =>
    agentFor(repository, { ...(sandbox === undefined ? {} : { sandbox }), ...coding }).then(
      () => "",
      (error: unknown) => JSON.stringify(error),
    );
  expect(await refusal({ home: "node" })).toMatch(/spec\.coding\.home.*a home of its own/);
  expect(await refusal({}, {})).toMatch(
    /spec\.coding\.sandbox.*expected network in it: hosts: with the names that claude-code/,
  );
  expect(await refusal({ isolation: undefined })).toMatch(/spec\.coding\.sandbox.*set isolation: sandbox/);
  expect(await refusal({ isolation: "process" })).toMatch(/spec\.coding\.isolation.*expected sandbox/);
  expect(await refusal({}, { network: "all" })).toMatch(/expected none, host, or hosts/);
  expect(await refusal({}, { network: { hosts: ["10.0.0.1"] } })).toMatch(
    /spec\.coding\.sandbox\.network\.hosts\[0\].*expected the name of a host, and no address/,
  );
});

test("what a sandbox would show of the node, or cannot show, fails the task, and says why", async () => {
  const repository = await openTestRepository();
  const showing = await agentFor(repository, {}, { readable: [join(data, "..")] });
  expect((await run(showing, "say hi")).message).toMatch(/^CONFIG_INVALID: .*this node's own data lies/);
  const missing = await agentFor(repository, {}, { readable: ["/no/such/folder"] });
  expect((await run(missing, "say hi")).message).toMatch(/readable: \/no\/such\/folder: is not there/);
  const borrowing = await openTestRepository();
  writeFileSync(join(borrowing.folder, ".git/objects/info/alternates"), `${repository.folder}/.git/objects\n`);
  expect((await run(await agentFor(borrowing), "say hi")).message).toMatch(/borrows objects.*git repack -a -d/);
  expect([repository.worktrees(), borrowing.worktrees(), runsIn(data)]).toEqual([[], [], []]);
});

test("what its agent names is there to be read, and nothing beside it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-readable-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  mkdirSync(join(folder, "shown"), { mode: 0o755 });
  writeFileSync(join(folder, "shown", "known.txt"), "known");
  writeFileSync(join(folder, "hidden.txt"), "hidden");
  const repository = await openTestRepository();
  const look = `cat ${folder}/shown/known.txt && ! touch ${folder}/shown/x && ! cat ${folder}/hidden.txt`;
  const agent = await agentFor(repository, { validate: [["sh", "-c", look]] }, { readable: [join(folder, "shown")] });
  expect((await run(agent, "write b.txt b")).output).toMatchObject({ complete: true });
});

test.runIf(process.getuid?.() === 0)(
  "objects that only the node's account may read are told of, with the way to open them",
  async () => {
    const repository = await openTestRepository();
    chmodSync(join(repository.folder, ".git/objects"), 0o700);
    expect((await run(await agentFor(repository), "say hi")).message).toMatch(/objects may not be read by others/);
  },
);

test("a node with keys shows programs only folders that its operator has named", async () => {
  const repository = await openTestRepository();
  const directory = await mkdtemp(join(tmpdir(), "agentcore-coding-keys-"));
  const keyed = await startNode({
    ...{ port: 0, dataDirectory: directory, logLevel: "error", env: { PATH: process.env["PATH"] } },
    apiKeys: ["key-of-boss-0123456789 role=operator"],
    ...{ toolCommands: [PROGRAM], toolFolders: [repository.folder] },
  });
  onTestFinished(async () => {
    await keyed.close(0);
    await rm(directory, { recursive: true, force: true });
  });
  await keyed.ready;
  const coding = { isolation: "sandbox", sandbox: { network: "none", readable: [repository.folder, "/root"] } };
  await expect(keyed.apply([codingAgentManifest("coder", repository.folder, coding)])).rejects.toMatchObject({
    violations: [{ field: "spec.coding.sandbox.readable[1]", description: expect.stringContaining("--tool-folder") }],
  });
});
