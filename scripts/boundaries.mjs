// The direction of the arrows between packages, as an oxlint plugin (see .oxlintrc.json): the linter's own import rules
// see neither `import()` nor whether two files belong to the same agent. boundaries.test.mjs shows that it bites.
import { posix, relative, sep } from "node:path";

/** What each package may import besides itself. A package that is not here may import none of the others. */
const arrows = {
  contract: [],
  core: ["contract"],
  sdk: ["contract"],
  agents: ["contract", "sdk"],
  tools: ["contract", "sdk"],
  testing: ["contract", "core", "sdk"],
  sqlite: ["contract", "core"],
  postgres: ["contract", "core"],
  outbound: ["contract"],
  sandbox: ["contract"],
  html: [],
  "tools-code": ["contract", "sandbox", "sdk"],
  "tools-http": ["contract", "html", "outbound", "sdk"],
  "tools-mail": ["contract", "sdk"],
  "tools-files": ["contract", "sdk"],
  "tools-documents": ["contract", "core", "html", "sandbox", "sdk", "tools-files"],
  "tools-sql": ["contract", "sandbox", "sdk"],
  "tools-spreadsheet": ["contract", "sandbox", "sdk", "tools-files"],
  coding: ["contract", "sandbox", "sdk"],
  models: ["contract", "core", "outbound"],
  vectors: ["contract", "core"],
  "embeddings-english": ["contract", "core", "sandbox"],
  a2a: ["contract", "outbound"],
  mcp: ["contract", "outbound"],
  server: ["contract", "core", "models", "outbound", "sdk", "sqlite"],
  cli: ["agents", "contract", "sdk", "testing"],
  "create-agentcore": [],
};

/** Imported only when it is needed: by `import()`, or for its types. Starting the command must stay cheap. */
const lazyArrows = {
  cli: ["a2a", "create-agentcore", "embeddings-english", "mcp", "outbound", "sandbox", "server"],
  server: [
    "a2a",
    "agents",
    "coding",
    "mcp",
    "postgres",
    "sandbox",
    "tools",
    "tools-code",
    "tools-documents",
    "tools-files",
    "tools-http",
    "tools-mail",
    "tools-spreadsheet",
    "tools-sql",
    "vectors",
  ],
  models: ["embeddings-english"],
  sandbox: ["outbound"],
  "tools-documents": ["vectors"],
  testing: ["models"],
};

/** Of an arrow the only entries that it leads to: a tool has nothing to do with how tasks live. */
const onlyEntries = { "tools-documents": { core: ["@agentcore/core/text"] } };

/** Imported by tests alone. */
const testArrows = { agents: ["testing"], "tools-code": ["testing"] };

const isTest = (path) => path.endsWith(".test.ts");

/** The workspace package that `specifier`, written in the file at `path`, leads to. */
function targetPackage(path, specifier) {
  if (specifier.startsWith(".")) return /^packages\/([^/]+)\//.exec(posix.join(posix.dirname(path), specifier))?.[1];
  if (specifier === "agentcore" || specifier.startsWith("agentcore/")) return "cli";
  if (specifier === "create-agentcore") return specifier;
  return /^@agentcore\/([^/]+)/.exec(specifier)?.[1];
}

function complainAboutArrow(path, { specifier, atRuntime, isLazy }) {
  // What a project begins with is not ours any more.
  if (path.startsWith("packages/create-agentcore/templates/")) return;
  const source = /^packages\/([^/]+)\//.exec(path)?.[1];
  const target = targetPackage(path, specifier);
  if (source === undefined || target === undefined || target === source) return;
  const entries = onlyEntries[source]?.[target];
  if (entries !== undefined && !entries.includes(specifier))
    return `packages/${source} must not import ${target} but by ${entries.join(", ")}.`;
  if (arrows[source]?.includes(target)) return;
  if (isTest(path) && testArrows[source]?.includes(target)) return;
  if (!lazyArrows[source]?.includes(target)) {
    return `packages/${source} must not import ${target}. It may import: ${arrows[source]?.join(", ") || "no other package"}.`;
  }
  if (atRuntime && !isLazy && !isTest(path))
    return `packages/${source} imports ${target} only when needed: use import().`;
}

/** Rooms of a package that another of its rooms knows nothing of, not even as types. */
const closedRooms = { "packages/core/src/tasks": ["packages/core/src/workflows"] };

function complainAboutRoom(path, { specifier }) {
  if (isTest(path) || !specifier.startsWith(".")) return;
  const target = posix.join(posix.dirname(path), specifier);
  for (const [room, closed] of Object.entries(closedRooms))
    for (const other of closed)
      if (path.startsWith(`${room}/`) && target.startsWith(`${other}/`))
        return `${room} must not import ${other}: what both need stands in contract, or in a room of its own.`;
}

/** An agent is one file in a folder `agents` of an example, or one folder in it. */
const agentAt = (path) => /^(examples\/[^/]+\/(?:src\/)?agents\/[^/]+?)(?:\.ts)?(?:\/|$)/.exec(path)?.[1];

function complainAboutAgents(path, { specifier }) {
  const source = agentAt(path);
  if (source === undefined || isTest(path) || !specifier.startsWith(".")) return;
  const target = agentAt(posix.join(posix.dirname(path), specifier));
  if (target === undefined || target === source) return;
  return `An agent never imports another: reach ${posix.basename(target)} through the bus (ctx.command, ctx.query), and put what both need outside the folder agents.`;
}

/** A lint rule that shows every import of a file, whatever its syntax, to `complain`. */
const importRule = (complain) => ({
  create(context) {
    const path = relative(context.cwd, context.filename).split(sep).join("/");
    const check = (node, kind) => {
      if (typeof node.source?.value !== "string") return;
      const message = complain(path, { specifier: node.source.value, ...kind });
      if (message) context.report({ node: node.source, message });
    };
    return {
      ImportDeclaration: (node) => check(node, { atRuntime: node.importKind !== "type", isLazy: false }),
      ExportNamedDeclaration: (node) => check(node, { atRuntime: node.exportKind !== "type", isLazy: false }),
      ExportAllDeclaration: (node) => check(node, { atRuntime: node.exportKind !== "type", isLazy: false }),
      ImportExpression: (node) => check(node, { atRuntime: true, isLazy: true }),
      TSImportType: (node) => check(node, { atRuntime: false, isLazy: false }),
    };
  },
});

export default {
  meta: { name: "boundaries" },
  rules: {
    arrows: importRule(complainAboutArrow),
    rooms: importRule(complainAboutRoom),
    agents: importRule(complainAboutAgents),
  },
};
