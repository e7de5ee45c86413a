/** The libraries that Tool manifests may name: those of the platform, each in a package that is installed when it is wanted, and those of the operator. */
import { pathToFileURL } from "node:url";
import { invalidArgument, PlatformError } from "@agentcore/contract";
import type { ToolLibrary } from "@agentcore/sdk";
import { deriveJsonSchema } from "@agentcore/sdk/json-schema";
import type { ToolLibraryStatus } from "../gateway/deps/tool-service.ts";
import { loadInstalled } from "../load-installed.ts";

interface LibraryPackage {
  readonly name: string;
  load(): Promise<ToolLibrary>;
}

const TOOLS = "@agentcore/tools";
const DOCUMENTS = "@agentcore/tools-documents";
const HTTP = "@agentcore/tools-http";

const LIBRARIES: Readonly<Record<string, LibraryPackage>> = {
  calculator: { name: TOOLS, load: async () => (await import("@agentcore/tools")).calculatorLibrary },
  code: { name: "@agentcore/tools-code", load: async () => (await import("@agentcore/tools-code")).codeLibrary },
  csv: { name: TOOLS, load: async () => (await import("@agentcore/tools")).csvLibrary },
  dates: { name: TOOLS, load: async () => (await import("@agentcore/tools")).datesLibrary },
  documents: { name: DOCUMENTS, load: async () => (await import("@agentcore/tools-documents")).documentsLibrary },
  files: { name: "@agentcore/tools-files", load: async () => (await import("@agentcore/tools-files")).filesLibrary },
  http: { name: HTTP, load: async () => (await import("@agentcore/tools-http")).httpLibrary },
  json: { name: TOOLS, load: async () => (await import("@agentcore/tools")).jsonLibrary },
  "mail-draft": {
    name: "@agentcore/tools-mail",
    load: async () => (await import("@agentcore/tools-mail")).mailDraftLibrary,
  },
  pdf: { name: DOCUMENTS, load: async () => (await import("@agentcore/tools-documents")).pdfLibrary },
  spreadsheet: {
    name: "@agentcore/tools-spreadsheet",
    load: async () => (await import("@agentcore/tools-spreadsheet")).spreadsheetLibrary,
  },
  sql: { name: "@agentcore/tools-sql", load: async () => (await import("@agentcore/tools-sql")).sqlLibrary },
  websocket: { name: HTTP, load: async () => (await import("@agentcore/tools-http")).webSocketLibrary },
  "web-search": { name: HTTP, load: async () => (await import("@agentcore/tools-http")).webSearchLibrary },
};

/** Throws INVALID_ARGUMENT for one that there is not, NOT_INSTALLED, CONFIG_INVALID for `modules` that are none of libraries. */
export const loadToolLibrary = async (name: string, modules: readonly string[]): Promise<ToolLibrary> => {
  const found = Object.hasOwn(LIBRARIES, name) ? LIBRARIES[name] : undefined;
  if (found !== undefined) return loadInstalled(`the tool library "${name}"`, found.name, () => found.load());
  const others = await loadModules(modules);
  const other = others.find(({ library }) => library.name === name);
  if (other !== undefined) return other.library;
  const names = [...Object.keys(LIBRARIES), ...others.map(({ library }) => library.name)];
  throw invalidArgument("the Tool manifest", [
    { field: "spec.library.name", description: `there is no library "${name}"; there are ${names.join(", ")}` },
  ]);
};

/** All that there are, loaded where they are installed: those of the platform by name, then those of `modules`. */
export const toolLibraryStatuses = async (modules: readonly string[]): Promise<readonly ToolLibraryStatus[]> => [
  ...(await Promise.all(Object.entries(LIBRARIES).map(([name, { name: from }]) => statusOf(name, from)))),
  ...(await loadModules(modules)).map(({ library, file }) => installedStatus(library, file)),
];

const statusOf = async (name: string, from: string): Promise<ToolLibraryStatus> => {
  try {
    return installedStatus(await loadToolLibrary(name, []), from);
  } catch (error) {
    if (PlatformError.is(error) && error.code === "NOT_INSTALLED") return { name, from, installed: false };
    throw error;
  }
};

const installedStatus = ({ name, description, options }: ToolLibrary, from: string): ToolLibraryStatus => {
  const schema = schemaOf(options);
  return { name, from, installed: true, description, ...(schema === undefined ? {} : { options: schema }) };
};

/** Undefined where it cannot be written as JSON Schema. */
const schemaOf = (options: ToolLibrary["options"]): Readonly<Record<string, unknown>> | undefined => {
  try {
    return deriveJsonSchema(options);
  } catch {
    return undefined;
  }
};

interface OtherLibrary {
  readonly library: ToolLibrary;
  readonly file: string;
}

/** What `toolLibrary()` made, of whatever the modules of the operator export. Node keeps them once they are loaded. */
const loadModules = async (files: readonly string[]): Promise<readonly OtherLibrary[]> => {
  const all = (await Promise.all(files.map(loadModule))).flat();
  const taken = new Set(Object.keys(LIBRARIES));
  for (const { library, file } of all) {
    if (taken.has(library.name))
      throw new PlatformError("CONFIG_INVALID", `${file}: there is a tool library "${library.name}" already`);
    taken.add(library.name);
  }
  return all;
};

const loadModule = async (file: string): Promise<readonly OtherLibrary[]> => {
  let exported: object;
  try {
    exported = (await import(pathToFileURL(file).href)) as object;
  } catch (cause) {
    throw new PlatformError("CONFIG_INVALID", `${file}: it cannot be loaded as a module of tool libraries`, { cause });
  }
  const libraries = Object.values(exported).filter(isLibrary);
  if (libraries.length > 0) return libraries.map((library) => ({ library, file }));
  throw new PlatformError("CONFIG_INVALID", `${file}: expected a module that exports what toolLibrary() makes`);
};

const isLibrary = (value: unknown): value is ToolLibrary =>
  typeof value === "object" &&
  value !== null &&
  typeof Reflect.get(value, "name") === "string" &&
  typeof Reflect.get(value, "open") === "function" &&
  typeof Reflect.get(value, "options") === "object";
