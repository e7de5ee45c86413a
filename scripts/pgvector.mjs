// The extension pgvector for the PostgreSQL that tests start. Where it is not installed it is built, as root on a Debian, from
// Debian's sources: packages are downloaded and unpacked into a folder that goes again, none is installed or upgraded (a newer
// server package under a running server breaks it), and the system's lists of sources stay as they are.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

// Bookworm has no pgvector; this one compiles against PostgreSQL 13 to 17.
const SUITE = "trixie";
// The whole takes some 20 s; a mirror that hangs must not hold up the tests.
const STEP_LIMIT_MS = 90_000;
const FLAGS = [
  "-O2",
  "-fPIC",
  "-shared",
  "-w",
  "-ftree-vectorize",
  "-fassociative-math",
  "-fno-signed-zeros",
  "-fno-trapping-math",
];

/** Null when it is there, else what is in the way. `binaries`: the folder of the server's programs. */
export function ensurePgvector(binaries) {
  const config = (option) => run(join(binaries, "pg_config"), [option]).trim();
  let folder;
  try {
    const target = { library: config("--pkglibdir"), extension: join(config("--sharedir"), "extension") };
    if (existsSync(join(target.extension, "vector.control"))) return null;
    if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get"))
      return "not installed; install it to run the tests that need it (on Debian and Ubuntu: postgresql-VERSION-pgvector)";
    console.error("Building pgvector for the tests (once) ...");
    folder = mkdtempSync(join(tmpdir(), "agentcore-pgvector-"));
    install(compile(sourcesIn(folder), headersIn(folder, /\d+/.exec(config("--version"))[0])), target);
    return null;
  } catch (error) {
    return `not installed, and it could not be built: ${error.message}`;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** The server's headers, of its own version if the mirror still has that. */
function headersIn(folder, major) {
  const name = `postgresql-server-dev-${major}`;
  const version = run("dpkg-query", ["-W", "-f", "${Version}", `postgresql-${major}`]);
  const download = (which) => run("apt-get", ["-qq", "-o", "APT::Sandbox::User=root", "download", which], folder);
  try {
    download(`${name}=${version}`);
  } catch {
    download(name);
  }
  const headers = join(folder, "headers");
  run("dpkg", ["-x", fileIn(folder, name, ".deb"), headers]);
  return join(headers, `usr/include/postgresql/${major}/server`);
}

/** Asks the mirror that the system uses, with lists of our own, checked against Debian's keys. */
function sourcesIn(folder) {
  const [site] = run("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"])
    .split("\n")
    .filter((line) => line.includes("debian") && !line.includes("security"));
  if (!site) throw new Error("apt names no Debian mirror");
  const key = "/usr/share/keyrings/debian-archive-keyring.gpg";
  const list = join(folder, "suite.sources");
  const lists = join(folder, "lists");
  mkdirSync(join(lists, "partial"), { recursive: true });
  writeFileSync(list, `Types: deb-src\nURIs: ${site}\nSuites: ${SUITE}\nComponents: main\nSigned-By: ${key}\n`);
  const settings = [`Dir::Etc::sourcelist=${list}`, "Dir::Etc::sourceparts=-", `Dir::State::lists=${lists}`];
  settings.push("Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache=", "APT::Sandbox::User=root");
  const apt = (...words) => run("apt-get", ["-qq", ...settings.flatMap((each) => ["-o", each]), ...words], folder);
  apt("update");
  apt("source", "--download-only", "pgvector");
  run("tar", ["-xzf", fileIn(folder, "pgvector_", ".orig.tar.gz")], folder);
  return fileIn(folder, "pgvector-", "");
}

/** Plain compiler calls: the server's own makefiles want its development package installed, and clang. */
function compile(sources, headers) {
  const files = readdirSync(join(sources, "src")).filter((name) => name.endsWith(".c"));
  const output = join(sources, "vector.so");
  const inputs = files.map((name) => join(sources, "src", name));
  run("cc", [...FLAGS, "-D_GNU_SOURCE", "-I", headers, "-o", output, ...inputs]);
  return sources;
}

function install(sources, { library, extension }) {
  const control = join(sources, "vector.control");
  const version = /default_version = '(.+)'/.exec(readFileSync(control, "utf8"))[1];
  place(join(sources, "vector.so"), join(library, "vector.so"));
  place(join(sources, "sql/vector.sql"), join(extension, `vector--${version}.sql`));
  // Last, because it says that the rest is there.
  place(control, join(extension, "vector.control"));
}

/** At once, also where another process does the same. */
function place(from, to) {
  const draft = `${to}.${process.pid}`;
  copyFileSync(from, draft);
  renameSync(draft, to);
}

function fileIn(folder, start, end) {
  const name = readdirSync(folder).find((each) => each.startsWith(start) && each.endsWith(end));
  if (name === undefined) throw new Error(`${start}…${end} was not downloaded`);
  return join(folder, name);
}

function run(command, words, cwd) {
  const result = spawnSync(command, words, {
    cwd,
    encoding: "utf8",
    timeout: STEP_LIMIT_MS,
    env: { ...process.env, LC_ALL: "C" },
  });
  if (result.status === 0) return result.stdout;
  const said = result.error?.message ?? result.stderr.trim().split("\n").slice(-3).join("; ");
  throw new Error(`${basename(command)} failed: ${said}`);
}
