// What users install, as it is bundled: looked at here, run in test/e2e/bundles.e2e.ts.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundlePackages, manifestOf, packageFolders } from "./bundle.mjs";
import { root } from "./toolchain.mjs";

let folder;
/** Chunks of each package. */
let bundled;
const distOf = (name) => join(folder, name, "dist");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "agentcore-bundles-"));
  bundled = await bundlePackages(distOf);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

const folderOf = Object.fromEntries(packageFolders.map((name) => [manifestOf(name).name, name]));

test.each(packageFolders)("every file that the package.json of %s names is made, and published", (name) => {
  const { exports, bin = {}, files } = manifestOf(name);
  expect(files).toContain("dist");
  for (const { "agentcore-source": source, types, default: built } of Object.values(exports)) {
    expect(existsSync(join(root, "packages", name, source)), `${name}: ${source}`).toBe(true);
    // Where `tsc -b` writes the types of that source.
    expect(types).toBe(source.replace("./src/", "./dist/").replace(/\.ts$/, ".d.ts"));
    expect(existsSync(join(folder, name, built)), `${name}: ${built}`).toBe(true);
  }
  for (const file of Object.values(bin)) {
    expect(existsSync(join(root, "packages", name, file)), `${name}: ${file}`).toBe(true);
    expect(files).toContain(dirname(file).replace("./", ""));
    const started = /"dist", "([\w-]+\.js)"/.exec(readFileSync(join(root, "packages", name, file), "utf8"))?.[1];
    expect(existsSync(join(distOf(name), started ?? "unnamed")), `${name}: ${file} starts ${started}`).toBe(true);
  }
});

/** Entries that a thread or a process of their own is started on. */
const isThread = (chunk) => chunk.isEntry && /worker$|^inside\/|^guest\//.test(chunk.name);
const chunks = () =>
  Object.entries(bundled).flatMap(([owner, ofPackage]) => ofPackage.map((chunk) => ({ owner, ...chunk })));

test("no module is in two bundles that one thread may load", () => {
  const seen = new Map();
  for (const { owner, fileName, moduleIds, ...chunk } of chunks()) {
    if (isThread(chunk)) continue;
    for (const id of moduleIds) {
      // The bundler's own few lines, without state.
      if (id.startsWith("\0")) continue;
      expect(seen.get(id), `${id} is in ${owner}/${fileName} too`).toBeUndefined();
      seen.set(id, `${owner}/${fileName}`);
    }
  }
  expect(seen.size).toBeGreaterThan(500);
});

/** `yaml` of `yaml/util`, `@agentcore/core` of `@agentcore/core/tasks`. */
const packageOf = (specifier) => /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[1] ?? specifier;
const isOutside = (specifier) => !specifier.endsWith(".js") || /^(@|[a-z-]+\/lib\/)/.test(specifier);

test("a bundle imports what its package declares, and no more", () => {
  for (const { owner, fileName, imports, dynamicImports } of chunks()) {
    const manifest = manifestOf(owner);
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies, [manifest.name]: true };
    for (const specifier of [...imports, ...dynamicImports].filter(isOutside)) {
      // Each has its own sentence for who has not installed it.
      const isOptional = specifier.startsWith("@opentelemetry/") && dynamicImports.includes(specifier);
      if (isBuiltin(specifier) || isOptional) continue;
      expect(Object.keys(declared), `${owner}/${fileName} imports ${specifier}`).toContain(packageOf(specifier));
    }
  }
});

test.each(["contract", "core", "sdk", "agents"])("%s imports nothing of Node: it runs in a browser", (name) => {
  const imported = bundled[name].flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]);
  expect(imported.filter(isBuiltin)).toEqual([]);
});

test("what code looks for beside its own file is there: threads' files, package.json, data", () => {
  const found = [];
  for (const { owner, fileName, code } of chunks()) {
    const chunkFolder = dirname(join(distOf(owner), fileName));
    // As deep as the sources that say where other files lie.
    if (code.includes("import.meta.url")) expect(chunkFolder, `${owner}/${fileName}`).toBe(distOf(owner));
    for (const [, path] of code.matchAll(/["'](\.\.?\/[\w./-]+)["'],\s*import\.meta\.url/g)) {
      const file = join(chunkFolder, path);
      found.push(path);
      const published = path.startsWith("../") ? file.replace(folder, join(root, "packages")) : file;
      if (path.startsWith("../") && path !== "../package.json")
        expect(manifestOf(owner).files, `${owner}/${fileName}: ${path}`).toContain(path.split("/")[1]);
      expect(existsSync(published), `${owner}/${fileName}: ${path}`).toBe(true);
    }
    // The path may stand in a condition, before what it is relative to.
    for (const [, path] of code.matchAll(/["'](\.\/[\w-]*worker\.js)["']/g)) {
      found.push(path);
      expect(existsSync(join(chunkFolder, path)), `${owner}/${fileName}: ${path}`).toBe(true);
    }
  }
  expect(found).toEqual(expect.arrayContaining(["../package.json", "./worker.js", "./archive-worker.js"]));
  // Named in pieces, by where the file is that names them.
  const apart = [
    "server/dist/inside/main.js",
    "sandbox/dist/guest/javascript.js",
    "sandbox/dist/guest/python.js",
    "sandbox/dist/guest/opening.js",
  ];
  for (const file of apart) expect(existsSync(join(folder, file)), file).toBe(true);
  expect(chunks().find(({ code }) => code.includes("./inside/main$")).fileName).toBe("apart.js");
  expect(chunks().find(({ code }) => code.includes('import.meta.dirname, "guest"')).fileName).toBe("index.js");
});

/** All that loading files of a package loads with them: modules of ours, and of which packages, ours by their folders. */
const loadedWith = (name, ...fileNames) => {
  const files = new Set();
  const packages = new Set();
  const modules = [];
  const load = (owner, fileName) => {
    const key = `${owner}/${fileName}`;
    if (files.has(key)) return;
    files.add(key);
    packages.add(owner);
    const chunk = bundled[owner].find((one) => one.fileName === fileName);
    expect(chunk, key).toBeDefined();
    modules.push(...chunk.moduleIds);
    for (const specifier of chunk.imports) {
      const target = folderOf[packageOf(specifier)];
      if (target !== undefined) {
        const entry = manifestOf(target).exports[`.${specifier.slice(packageOf(specifier).length)}`];
        load(target, entry.default.replace("./dist/", ""));
      } else if (!isOutside(specifier)) load(owner, specifier);
      else if (!isBuiltin(specifier)) packages.add(packageOf(specifier));
    }
  };
  for (const fileName of fileNames) load(name, fileName);
  return { packages, modules };
};

test("a node loads no package at its start but what every node needs", () => {
  const first = loadedWith("server", "index.js");
  expect(first.packages).toEqual(new Set(["contract", "core", "models", "outbound", "sdk", "server", "sqlite"]));
  // What serves HTTP is loaded while the store opens.
  const { packages, modules } = loadedWith("server", "index.js", "gateway.js");
  expect(packages).toEqual(new Set(["@hono/node-server", ...first.packages]));
  // The expressions' language, and the graphs, which only some agents have.
  expect(modules.filter((id) => /core\/src\/(expressions|workflows|inprocess|testing)\//.test(id))).toEqual([]);
});

test("the command loads neither the server nor schemas before it knows what it is asked", () => {
  const { packages, modules } = loadedWith("cli", "main.js");
  expect(packages).toEqual(new Set(["cli", "contract"]));
  expect(modules.filter((id) => id.includes("/zod/"))).toEqual([]);
});

test("what an agent's code imports brings the author's words only", () => {
  const { packages, modules } = loadedWith("cli", "index.js");
  expect(packages).toEqual(new Set(["cli", "contract", "sdk"]));
  expect(modules.filter((id) => id.includes("/zod/"))).toEqual([]);
});

test("zod comes without its other languages, which nobody here asks for, and with its licence", () => {
  const code = bundled.contract.map((chunk) => chunk.code).join("");
  expect(code).toContain("Invalid input: expected");
  expect(code).not.toContain("Ungültige Eingabe");
  expect(readFileSync(join(distOf("contract"), "zod.LICENSE"), "utf8")).toContain("MIT License");
  for (const { owner, moduleIds } of chunks())
    for (const id of moduleIds.filter((one) => one.includes("/packages/")))
      expect(readFileSync(id, "utf8"), `${owner}: ${id}`).not.toMatch(/\bz\.(locales|core\.locales)\b/);
});

test("zod is loaded once by what depends on the contract, and is the author's own in what does not", () => {
  for (const { owner, fileName, imports } of chunks()) {
    const reachesShared = "@agentcore/contract" in (manifestOf(owner).dependencies ?? {});
    expect(imports, `${owner}/${fileName}`).not.toContain(reachesShared ? "zod" : "@agentcore/contract/zod");
  }
});

test("names and lines of the code are those of its source", () => {
  const worker = bundled.sqlite.find((chunk) => chunk.name === "worker");
  expect(worker.code).toMatch(/^class StoreWorker|^var StoreWorker = class/m);
  for (const { owner, fileName, code } of chunks()) {
    const longest = Math.max(
      ...code
        .split("\n")
        .filter((line) => !/^(import|export) /.test(line))
        .map((line) => line.length),
    );
    expect(longest, `${owner}/${fileName}`).toBeLessThan(4_000);
  }
});
