// What tests need besides npm packages: a PostgreSQL, with pgvector if that can be had (pgvector.mjs). Taken from the
// environment, else started on a free port from what is installed, else (as root on a Debian) installed first.
// `npm run services` starts it, prints its address, and stays until Ctrl-C.
import { spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePgvector } from "./pgvector.mjs";

const VARIABLE = "AGENTCORE_TEST_POSTGRES_URL";
const START_LIMIT_MS = 30_000;

/** `{ environment, missing, stop }`: variables for the tests, what could not be had and why, and the end of what was started. */
export function startServices() {
  const given = process.env[VARIABLE];
  if (given) return { environment: { [VARIABLE]: given }, missing: [], stop() {} };
  const binaries = findPostgres() ?? (installPostgres() ? findPostgres() : undefined);
  if (!binaries) {
    const missing = [
      `PostgreSQL: not installed; install it, or set ${VARIABLE} to a server whose database tests may write to`,
    ];
    return { environment: {}, missing, stop() {} };
  }
  try {
    const noPgvector = ensurePgvector(binaries);
    const { url, stop } = startPostgres(binaries);
    const missing = noPgvector === null ? [] : [`pgvector: ${noPgvector}`];
    return { environment: { [VARIABLE]: url }, missing, stop };
  } catch (error) {
    return { environment: {}, missing: [`PostgreSQL: ${error.message}`], stop() {} };
  }
}

/** The folder with `initdb` and `postgres`: the newest that a distribution keeps, or the one on the path. */
function findPostgres() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(debian, version, "bin")), ...(process.env.PATH ?? "").split(":")];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

function installPostgres() {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  console.error("Installing PostgreSQL for the tests (once) ...");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...words) =>
    spawnSync("apt-get", ["-qq", "-y", ...words], { env, stdio: ["ignore", "ignore", "inherit"] });
  const install = () => apt("--no-install-recommends", "install", "postgresql").status === 0;
  return install() || (apt("update").status === 0 && install());
}

function startPostgres(binaries) {
  const folder = mkdtempSync(join(tmpdir(), "agentcore-postgres-"));
  // PostgreSQL refuses to run as root.
  const user = process.getuid?.() === 0 ? ordinaryUser() : {};
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const environment = { ...process.env, LC_ALL: "C" };
  const run = (command, ...words) =>
    spawnSync(join(binaries, command), words, { ...user, cwd: folder, env: environment, encoding: "utf8" });
  const made = run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync");
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr || made.error?.message}`);
  const port = freePort();
  const log = join(folder, "log");
  const settings = { port, listen_addresses: "127.0.0.1", unix_socket_directories: folder, max_connections: 200 };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const output = openSync(log, "a", 0o666);
  const server = spawn(join(binaries, "postgres"), ["-D", data, ...options], {
    ...user,
    cwd: folder,
    env: environment,
    stdio: ["ignore", output, output],
  });
  const stop = () => {
    // Fast shutdown; what is left of the folder goes whatever becomes of the server.
    server.kill("SIGINT");
    waitUntil(() => run("pg_isready", "-q", "-h", "127.0.0.1", "-p", String(port)).status !== 0, 10_000);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  if (!waitUntil(() => run("pg_isready", "-q", "-h", "127.0.0.1", "-p", String(port)).status === 0, START_LIMIT_MS)) {
    const said = readFileSync(log, "utf8").slice(-500);
    stop();
    throw new Error(`it did not start: ${said}`);
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop };
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
  const { environment, missing, stop } = startServices();
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
    setInterval(() => {}, 2 ** 30);
  }
}
