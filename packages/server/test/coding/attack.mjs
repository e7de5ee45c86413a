// What a program in a sandbox tries, which its walls are to refuse: node attack.mjs '{ "data", "repository", "port", "nodePid" }'. Writes what came of it to said.json.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

const { data, repository, port, nodePid } = JSON.parse(process.argv[2]);
const attempt = async (act) => {
  try {
    return (await act()) ?? "done";
  } catch (error) {
    return `refused: ${error.code ?? error.status ?? error.message}`;
  }
};
const reach = async (to, host) => {
  const socket = connect({ port: to, host, timeout: 3_000 });
  await Promise.race([
    once(socket, "connect"),
    once(socket, "timeout").then(() => Promise.reject(new Error("silent"))),
  ]);
  socket.destroy();
};
const git = (...words) => execFileSync("git", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
const runs = join(data, "coding", "runs");
const pwned = `touch ${join(data, "pwned")}`;

const said = {
  shadow: await attempt(() => readFileSync("/etc/shadow", "utf8")),
  database: await attempt(() => readFileSync(join(data, "agentcore.db"))),
  dataFolder: await attempt(() => readdirSync(data)),
  runs: await attempt(() => readdirSync(runs).length),
  homes: await attempt(() => readdirSync(join(data, "coding", "homes"))),
  ownHome: await attempt(() => readdirSync(process.env.HOME)),
  accountHome: await attempt(() => readdirSync("/root/.ssh")),
  working: await attempt(() => readFileSync(join(repository, "a.txt"), "utf8")),
  environment: Object.keys(process.env).sort(),
  writeRepository: await attempt(() => writeFileSync(join(repository, "planted"), "x")),
  writeObjects: await attempt(() => writeFileSync("/opt/agentcore/objects/planted", "x")),
  writeSystem: await attempt(() => writeFileSync("/usr/bin/planted", "x")),
  writeBesideWorktree: await attempt(() => writeFileSync(join(process.cwd(), "..", "planted"), "x")),
  linkAccount: await attempt(() => linkSync("/etc/passwd", "passwd")),
  writeTemporary: await attempt(() => writeFileSync("/tmp/planted", "x")),
  processes: readdirSync("/proc").filter((name) => /^\d+$/.test(name)).length,
  killNode: await attempt(() => process.kill(nodePid, "SIGKILL")),
  trace: await attempt(() =>
    execFileSync(
      "/usr/bin/python3",
      ["-c", "import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.ptrace(0, 0, 0, 0), ctypes.get_errno())"],
      { encoding: "utf8" },
    ).trim(),
  ),
  memoryOfParent: await attempt(() => readFileSync("/proc/1/mem").length),
  mount: await attempt(() =>
    execFileSync("/usr/bin/unshare", ["--user", "--map-root-user", "true"], { stdio: "ignore" }),
  ),
  nodePort: await attempt(() => reach(port, "127.0.0.1")),
  elsewhere: await attempt(() => reach(80, "192.0.2.1")),
};

// What it plants by git's own ways: for the node, which runs git on the worktree afterwards, and for the people of the repository.
const common = git("rev-parse", "--path-format=absolute", "--git-common-dir");
mkdirSync(join(common, "hooks"), { recursive: true });
for (const name of ["post-checkout", "reference-transaction", "post-index-change", "pre-commit", "post-merge"])
  writeFileSync(join(common, "hooks", name), `#!/bin/sh\n${pwned}\n`, { mode: 0o755 });
for (const [key, value] of [
  ...[
    ["core.fsmonitor", pwned],
    ["core.hooksPath", join(common, "hooks")],
    ["core.sshCommand", pwned],
  ],
  ...[
    ["filter.evil.clean", pwned],
    ["filter.evil.smudge", pwned],
    ["filter.evil.process", pwned],
  ],
  ...[
    ["diff.external", pwned],
    ["gpg.program", pwned],
    ["alias.status", `!${pwned}`],
    ["core.worktree", "/"],
  ],
])
  git("config", key, value);
said.planted = git("config", "core.fsmonitor");
git("config", "--unset", "core.worktree");
mkdirSync(join(common, "info"), { recursive: true });
appendFileSync(join(common, "info", "attributes"), "* filter=evil diff=evil\n");
appendFileSync(".gitattributes", "* filter=evil diff=evil merge=evil\n");
said.moveBase = await attempt(() => writeFileSync(join(common, "refs", "heads", "main"), `${"0".repeat(40)}\n`));
said.home = existsSync(join(process.env.HOME, "left"));
writeFileSync(join(process.env.HOME, "left"), "for the next task");
writeFileSync("said.json", JSON.stringify(said));
