// The second half of `npm run build`: what users install, a few files for each package (docs/decisions/0018-bundles.md).
// The types beside them are written by `tsc -b`. Started from source, nothing needs this.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { root } from "./toolchain.mjs";

const SOURCE_CONDITION = "agentcore-source";
/** What a package's `bin` starts, and no `exports` names. */
const PROGRAM = "main";
/** Files that a thread, or a process, is started on. */
const threads = {
  ...{ sqlite: ["worker", "archive-worker"], "tools-documents": ["pdf-worker"], "tools-sql": ["sqlite-worker"] },
  ...{ "tools-spreadsheet": ["xlsx-worker"], "embeddings-english": ["english-worker"] },
};
/** Files that a thread or a process is started on which runs code of others: by their names in `dist`. What they import by name, that code may too. */
const programs = {
  server: { "inside/main": "src/apart/inside/main.ts" },
  sandbox: {
    ...{ "guest/javascript": "src/guest/javascript.ts", "guest/python": "src/guest/python.ts" },
    "guest/opening": "src/guest/opening.ts",
  },
};
/** The package that contains zod, and the name by which those that depend on it reach that copy. */
const zodOwner = "contract";
const SHARED_ZOD = "@agentcore/contract/zod";

const output = {
  format: "esm",
  // Names and lines stay as they are written, so that a stack trace can be read without a map.
  minify: false,
  minifyInternalExports: false,
  comments: { legal: true, annotation: true, jsdoc: false },
  entryFileNames: "[name].js",
  // What several entries share, by one of its modules.
  chunkFileNames: "[name].js",
};

const manifestFile = (folder) => join(root, "packages", folder, "package.json");
/** What is left of a package that another branch has is none. */
export const packageFolders = readdirSync(join(root, "packages")).filter((folder) => existsSync(manifestFile(folder)));
export const manifestOf = (folder) => JSON.parse(readFileSync(manifestFile(folder), "utf8"));

/** Bundles every package into the folder that `distOf` names, whose JavaScript it replaces; answers the chunks of each by package. */
export const bundlePackages = async (distOf = (folder) => join(root, "packages", folder, "dist")) => {
  const bundled = await Promise.all(packageFolders.map((folder) => bundlePackage(folder, distOf(folder))));
  return Object.fromEntries(packageFolders.map((folder, index) => [folder, bundled[index]]));
};

const bundlePackage = async (folder, dist) => {
  const entries = {};
  for (const { default: built, [SOURCE_CONDITION]: source } of Object.values(manifestOf(folder).exports))
    entries[built.slice("./dist/".length, -".js".length)] = sourceFile(folder, source);
  if (manifestOf(folder).bin !== undefined) entries[PROGRAM] = sourceFile(folder, `src/${PROGRAM}.ts`);
  clean(dist);
  const chunks = await write({
    // Not "node", which would have the bundler's own lines import it: some packages run in a browser.
    input: { input: entries, platform: "neutral", plugins: [packageBoundary(folder)] },
    output: { ...output, dir: dist },
  });
  for (const [name, source] of Object.entries(programs[folder] ?? {})) {
    const [chunk] = await write({
      input: {
        input: { [name]: sourceFile(folder, source) },
        platform: "neutral",
        plugins: [packageBoundary(folder)],
      },
      output: { ...output, dir: dist, codeSplitting: false },
    });
    chunks.push(chunk);
  }
  for (const name of threads[folder] ?? []) {
    const [chunk] = await write({
      // A thread has module instances of its own anyway: what it needs of other packages comes with it, and no more of it.
      input: {
        input: { [name]: sourceFile(folder, `src/${name}.ts`) },
        platform: "node",
        // What others publish is installed beside it.
        external: Object.keys(manifestOf(folder).dependencies).filter((name) => !name.startsWith("@agentcore/")),
        plugins: [withoutLocales],
        resolve: { conditionNames: [SOURCE_CONDITION, "node", "import"] },
      },
      output: { ...output, dir: dist, codeSplitting: false },
    });
    chunks.push(chunk);
  }
  if (folder === zodOwner) copyFileSync(join(dirname(zodEntry), "LICENSE"), join(dist, "zod.LICENSE"));
  return chunks;
};

const sourceFile = (folder, path) => join(root, "packages", folder, path);

const write = async ({ input, output }) => {
  const bundle = await rolldown({ cwd: root, ...input, onLog: refuseWarnings });
  try {
    return (await bundle.write(output)).output;
  } finally {
    await bundle.close();
  }
};

const refuseWarnings = (level, log) => {
  if (level === "warn") throw new Error(`the bundler warns: ${log.message}`);
};

/** Types stay: `tsc -b` writes only those that changed. */
const clean = (dist) => {
  mkdirSync(dist, { recursive: true });
  for (const file of readdirSync(dist, { recursive: true })) if (/\.js(\.map)?$/.test(file)) rmSync(join(dist, file));
};

const zodEntry = realpathSync(createRequire(import.meta.url).resolve("zod/package.json")).replace(
  "package.json",
  "index.js",
);

/** One package, one bundle: what it imports by name stays outside, or a module would be there twice. But for zod. */
const packageBoundary = (folder) => ({
  name: "package-boundary",
  resolveId(specifier, importer) {
    if (importer === undefined || specifier.startsWith(".")) return withoutLocales.resolveId(specifier, importer);
    if (specifier === "zod" && folder === zodOwner) return zodEntry;
    const isShared = specifier === "zod" && manifestOf(zodOwner).name in (manifestOf(folder).dependencies ?? {});
    return { id: isShared ? SHARED_ZOD : specifier, external: true };
  },
  load: (id) => withoutLocales.load(id),
});

const NO_LOCALES = "\0no-locales";

/** zod brings its messages in fifty languages along, a third of its size; English, which it speaks by itself, is not meant. */
const withoutLocales = {
  name: "without-locales",
  resolveId: (specifier) => (specifier.endsWith("/locales/index.js") ? NO_LOCALES : null),
  load: (id) => (id === NO_LOCALES ? "export {}" : null),
};

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const startedAt = performance.now();
  const bundled = Object.values(await bundlePackages()).flat();
  const bytes = bundled.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(
    `${packageFolders.length} packages in ${bundled.length} files, ${Math.round(bytes / 1024)} KB, ${seconds} s`,
  );
}
