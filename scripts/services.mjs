// What tests and benchmarks need besides npm packages: a PostgreSQL, for tests with pgvector if that can be had (pgvector.mjs). Taken from
// the environment, else started on a free port from what is installed, else (as root on a Debian) installed first.
// `npm run services` starts it, prints its address, and stays until Ctrl-C; on SIGHUP it takes the server down without a goodbye, as a
// crash does, and starts it again.
import { spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePgvector } from "./pgvector.mjs";

const VARIABLE = "AGENTCORE_TEST_POSTGRES_URL";
const START_LIMIT_MS = 30_000;

/**
 * `{ environment, missing, isOurs, restart, stop }`: variables for the tests, what could not be had and why, whether a server was started, and
 * the ends of it.
 * `variable` names the server and is set to it; data lies below `parent`, if PostgreSQL's user can reach it; `settings` are the
 * server's own.
 */
export function startServices({ variable = VARIABLE, parent = tmpdir(), settings = {} } = {}) {
  const given = process.env[variable];
  if (given) return { environment: { [variable]: given }, missing: [], isOurs: false, async restart() {}, stop() {} };
  const binaries = findPostgres() ?? (installPostgres() ? findPostgres() : undefined);
  if (!binaries) {
    const missing = [
      `PostgreSQL: not installed; install it, or set ${variable} to a server whose database tests may write to`,
    ];
    return { environment: {}, missing, isOurs: false, async restart() {}, stop() {} };
  }
  try {
    const noPgvector = variable === VARIABLE ? ensurePgvector(binaries) : null;
    const { url, restart, stop } = startPostgres(binaries, parent, settings);
    const missing = noPgvector === null ? [] : [`pgvector: ${noPgvector}`];
    return { environment: { [variable]: url }, missing, isOurs: true, restart, stop };
  } catch (error) {
    return { environment: {}, missing: [`PostgreSQL: ${error.message}`], isOurs: false, async restart() {}, stop() {} };
  }
}

/** A PostgreSQL of the caller's own, which it may restart; null when none is installed. */
export function startOwnPostgres(settings = {}) {
  const binaries = findPostgres();
  return binaries ? startPostgres(binaries, tmpdir(), settings) : null;
}

/** The folder with `initdb` and `postgres`: the newest that a distribution keeps, or the one on the path. */
function findPostgres() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(debian, version, "bin")), ...(process.env.PATH ?? "").split(":")];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

const installPostgres = () => installSystemPackage("postgresql");

/** True when the system has it now: as root on a Debian. */
export function installSystemPackage(name) {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  console.error(`Installing ${name} for the tests (once) ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...words) =>
    spawnSync("apt-get", ["-qq", "-y", ...words], { env, stdio: ["ignore", "ignore", "inherit"] });
  const install = () => apt("--no-install-recommends", "install", name).status === 0;
  return install() || (apt("update").status === 0 && install());
}

function startPostgres(binaries, parent, given) {
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? ordinaryUser() : {};
  mkdirSync(parent, { recursive: true });
  const isReachable = spawnSync("test", ["-x", parent], user).status === 0;
  const folder = mkdtempSync(join(isReachable ? parent : tmpdir(), "agentcore-postgres-"));
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const environment = { ...process.env, LC_ALL: "C" };
  const run = (command, ...words) =>
    spawnSync(join(binaries, command), words, { ...user, cwd: folder, env: environment, encoding: "utf8" });
  const made = run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync");
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error?.message}`);
  const port = freePort();
  const log = join(folder, "log");
  // No socket in the file system: its path may be no longer than some 100 characters.
  // What a killed server leaves does not depend on fsync, only what a killed machine does; and it is most of what a commit costs.
  const own = { port, listen_addresses: "127.0.0.1", unix_socket_directories: "", max_connections: 200, fsync: "off" };
  const settings = { ...own, ...given };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const output = openSync(log, "a", 0o666);
  const launch = () =>
    spawn(join(binaries, "postgres"), ["-D", data, ...options], {
      ...user,
      cwd: folder,
      env: environment,
      stdio: ["ignore", output, output],
    });
  const answers = () => run("pg_isready", "-q", "-h", "127.0.0.1", "-p", String(port)).status === 0;
  let server = launch();
  /** Ends it as a crash does, without a word to anybody, and starts it again. */
  const restart = async () => {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGQUIT");
    await ended;
    server = launch();
    for (let tries = 0; !answers(); tries++) {
      if (tries > 300) throw new Error(`it did not start again: ${readFileSync(log, "utf8").slice(-500)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  // Not by its process: this one cannot see its end while it waits, and a server that still writes leaves files behind.
  const end = (mode) => run("pg_ctl", "stop", "-D", data, "-m", mode, "-t", "10").status === 0;
  const stop = () => {
    if (!end("fast") && !end("immediate")) server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  if (!waitUntil(answers, START_LIMIT_MS)) {
    const said = readFileSync(log, "utf8").slice(-500);
    stop();
    throw new Error(`it did not start: ${said}`);
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, restart, stop };
}

function ordinaryUser() {
  for (const name of ["postgres", "nobody"]) {
    const id = (option) => spawnSync("id", [option, name], { encoding: "utf8" });
    const [uid, gid] = [id("-u"), id("-g")];
    if (uid.status === 0 && gid.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  return {};
}

/** Asked of a process of its own, because this one waits for everything it does. */
function freePort() {
  const program =
    "const s = require('node:net').createServer().listen(0, '127.0.0.1', () => { console.log(s.address().port); s.close(); })";
  return Number(spawnSync(process.execPath, ["-e", program], { encoding: "utf8" }).stdout);
}

function waitUntil(holds, limitMs) {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const until = Date.now() + limitMs; Date.now() < until; Atomics.wait(pause, 0, 0, 50)) if (holds()) return true;
  return false;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { environment, missing, restart, stop } = startServices();
  for (const problem of missing) console.error(problem);
  for (const [name, value] of Object.entries(environment)) console.log(`export ${name}=${value}`);
  if (Object.keys(environment).length === 0) process.exitCode = 1;
  else {
    const end = () => {
      stop();
      process.exit(0);
    };
    process.once("SIGINT", end);
    process.once("SIGTERM", end);
    process.on("SIGHUP", () => void restart());
    setInterval(() => {}, 2 ** 30);
  }
}
