// Where the repository's own Node 24 and tools live. Plain JavaScript for any Node from 20 on, importing nothing but
// built-ins: it runs before the first install.
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where the user stands: npm moves into the package before it runs a script, and says here where it came from. */
export const userFolder = process.env.INIT_CWD || process.cwd();

const binaries = join(root, "node_modules", ".bin");

/** The Node 24 that the lockfile pins, whatever Node the machine has. */
export const node = join(binaries, "node");

/** The path of an installed command such as `vitest`. */
export const tool = (name) => join(binaries, name);

/** The caller's environment with the pinned Node and tools first on PATH, so that every child runs on them too. */
export const environment = { ...process.env, PATH: binaries + delimiter + process.env.PATH };
