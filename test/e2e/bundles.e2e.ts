/** What users install, run as they run it: our packages bundled into a `node_modules`, with what they depend on beside them. */
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makePdf } from "../../packages/tools-documents/test/make-pdf.ts";
import { makeXlsx } from "../../packages/tools-spreadsheet/test/make-xlsx.ts";
import { bundlePackages, manifestOf, packageFolders } from "../../scripts/bundle.mjs";
import { addressOf, RunningProgram, root, runProgram } from "./programs.ts";

// An installation of its own.
const OPTIONAL = "postgres";

let user: string;
let elsewhere: string;
const modules = () => join(user, "node_modules");
const packageIn = (folder: string, name = manifestOf(folder).name) =>
  join(folder === OPTIONAL ? elsewhere : modules(), name);

/** Links a package that is not ours, of the version that one of ours gets in this checkout. */
const link = async (name: string, dependant: string): Promise<void> => {
  const link = join(packageIn(dependant), "node_modules", name);
  await mkdir(dirname(link), { recursive: true });
  const paths = createRequire(join(root, "packages", dependant, "package.json")).resolve.paths(name) ?? [];
  const found = paths.map((path) => join(path, name)).find((path) => existsSync(path));
  await symlink(found ?? name, link);
};

beforeAll(async () => {
  user = await mkdtemp(join(tmpdir(), "agentcore-bundles-"));
  elsewhere = join(user, "elsewhere");
  await bundlePackages((folder) => join(packageIn(folder), "dist"));
  for (const folder of packageFolders) {
    const parts = manifestOf(folder).files.filter((part) => part !== "dist" && !part.startsWith("!"));
    for (const part of ["package.json", ...parts])
      await cp(join(root, "packages", folder, part), join(packageIn(folder), part), { recursive: true });
    for (const name of Object.keys(manifestOf(folder).dependencies ?? {}))
      if (!packageFolders.some((one) => manifestOf(one).name === name)) await link(name, folder);
  }
  // The user's own, as its package.json would ask for it.
  await symlink(join(root, "node_modules", "zod"), join(modules(), "zod"));
  await writeFile(join(user, "package.json"), '{ "type": "module" }');
});
afterAll(() => rm(user, { recursive: true }));

const program = () => join(modules(), "agentcore", "bin", "agentcore.mjs");
const run = (...words: readonly string[]) => runProgram(process.execPath, [program(), ...words], { cwd: user });
/** A node that has done `agent`'s work once, and what the work gave. */
const resultOf = async (folder: string, agent: string, ...words: readonly string[]): Promise<string> => {
  const node = new RunningProgram(
    process.execPath,
    [
      program(),
      "up",
      "--port",
      "0",
      "--data",
      join(user, `data-${agent}`),
      "--apply",
      folder,
      "--run",
      agent,
      ...words,
    ],
    { cwd: user },
  );
  try {
    await node.says(/^Open http.*\n/m);
  } finally {
    await node.kill("SIGTERM");
  }
  return node.output;
};

test("--help, and a word that is no command", async () => {
  expect(await run("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("agentcore up") as unknown });
  expect(await run("nonsense")).toMatchObject({ code: 2 });
});

test("a project is begun by the command, and by npm", async () => {
  expect(await run("init", "from-command", "--template", "yaml")).toMatchObject({ code: 0 });
  const starter = join(modules(), "create-agentcore", "bin", "create-agentcore.mjs");
  const created = await runProgram(process.execPath, [starter, "from-npm"], { cwd: user });
  expect(created).toMatchObject({ code: 0 });
  for (const folder of ["from-command", "from-npm"])
    expect(existsSync(join(user, folder, "package.json")), folder).toBe(true);
});

test("an agent in TypeScript meets the very classes that the node throws", async () => {
  const folder = join(user, "agents");
  await mkdir(folder);
  await writeFile(
    join(folder, "inspector.ts"),
    `import { agent, PlatformError } from "agentcore";
import { PlatformError as OfContract } from "@agentcore/contract/errors";
import { PlatformError as OfSdk } from "@agentcore/sdk";
import { z } from "zod";
export const inspector = agent({
  name: "inspector",
  description: "Looks at classes",
  input: z.object({ agent: z.string().default("nobody") }),
  output: z.object({ same: z.array(z.boolean()), code: z.string() }),
  run: async ({ input }, ctx) => {
    const error = await ctx.query({ agent: input.agent }, {}).catch((thrown: unknown) => thrown);
    const isOurs = error instanceof PlatformError;
    return { same: [isOurs, PlatformError === OfContract, PlatformError === OfSdk], code: isOurs ? error.code : "" };
  },
});
`,
  );
  await writeFile(
    join(folder, "inspector.agent.yaml"),
    "apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: inspector }\nspec: { code: { path: ./inspector.ts, export: inspector } }\n",
  );
  const said = await resultOf(folder, "inspector", "--input", "{}");
  expect(said.replace(/\s+/g, "")).toContain('"same":[true,true,true]');
  expect(said).toContain("AGENT_NOT_FOUND");
});

test.each(["thread", "process", "sandbox"])(
  "its code runs apart, in a %s, and meets them there too",
  async (isolation) => {
    const folder = join(user, `agents-in-${isolation}`);
    await mkdir(folder);
    await cp(join(user, "agents", "inspector.ts"), join(folder, "inspector.ts"));
    await writeFile(
      join(folder, "package.json"),
      '{ "type": "module", "dependencies": { "agentcore": "*", "@agentcore/contract": "*", "@agentcore/sdk": "*", "zod": "*" } }',
    );
    await writeFile(
      join(folder, "inspector.agent.yaml"),
      `apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: in-${isolation} }\nspec: { code: { path: ./inspector.ts, export: inspector }, isolation: ${isolation} }\n`,
    );
    const said = await resultOf(folder, `in-${isolation}`, "--input", "{}");
    expect(said.replace(/\s+/g, "")).toContain('"same":[true,true,true]');
    expect(said).toContain("AGENT_NOT_FOUND");
  },
);

test("code that a model wrote runs in the sandbox", async () => {
  const file = join(user, "boxed.ts");
  await writeFile(
    file,
    `import { createSandbox } from "@agentcore/sandbox";
const sandbox = createSandbox();
console.log(JSON.stringify((await sandbox.runJavaScript("return input + 1", { input: 1 })).value));
await sandbox.close();
`,
  );
  // As the user installs it beside.
  await symlink(join(root, "node_modules", "isolated-vm"), join(modules(), "isolated-vm"));
  expect(await runProgram(process.execPath, [file], { cwd: user })).toMatchObject({ code: 0, stdout: "2\n" });
});

test("tools that read in a thread or a process of their own", async () => {
  const data = join(user, "data-of-tools");
  await mkdir(data);
  await writeFile(join(data, "contract.pdf"), makePdf(["Ninety days"]));
  await writeFile(join(data, "may.xlsx"), makeXlsx({ May: '<row r="1"><c r="A1"><v>4711</v></c></row>' }));
  const file = join(user, "reads.ts");
  await writeFile(
    file,
    `import { documentTools } from "@agentcore/tools-documents";
import { spreadsheetTools } from "@agentcore/tools-spreadsheet";
import { sqlTools } from "@agentcore/tools-sql";
const root = ${JSON.stringify(data)};
const context = { signal: new AbortController().signal, idempotencyKey: "k" };
const use = (tools, at, input) => tools[at].execute(input, context);
const found = await use(documentTools({ folder: root }), 0, { query: "ninety", limit: 1 });
const read = await use(spreadsheetTools({ root }), 1, { path: "may.xlsx" });
const rows = await use(sqlTools({ database: { sqlite: { file: ":memory:" } } }), 1, { sql: "SELECT 1", parameters: [] }).catch((error) => error.message);
console.log(found.passages[0].source, read.rows[0][0], rows);
`,
  );
  const { code, stdout } = await runProgram(process.execPath, [file], { cwd: user });
  expect(stdout).toMatch(/^contract\.pdf:1-1 4711 the query: .*cannot be opened/);
  expect(code).toBe(0);
});

test("an example with a workflow, conditions and agents in TypeScript", async () => {
  await cp(join(root, "examples", "refunds"), join(user, "refunds"), {
    recursive: true,
    filter: (path) => !/node_modules|\.test\.ts$/.test(path),
  });
  const input = {
    order: "A1",
    customer: "Ann",
    address: "1 Mill Lane",
    pieces: [{ name: "lamp", price: 40, condition: "used" }],
  };
  expect(await resultOf(join(user, "refunds"), "refund", "--input", JSON.stringify(input))).toMatch(
    /"paid": \d+,\s+"letter": "Ann/,
  );
});

test("a test of an agent, with `agentcore/testing`", async () => {
  const file = join(user, "try.ts");
  await writeFile(
    file,
    `import { agent } from "agentcore";
import { testAgent } from "agentcore/testing";
import { vote } from "agentcore/patterns";
const greeter = agent({ name: "greeter", description: "Greets", run: (task, ctx) => ctx.step("say", () => "hello") });
const test = await testAgent(greeter);
console.log((await test.run({})).output, typeof vote);
await test.close();
`,
  );
  const ended = await runProgram(process.execPath, [file], { cwd: user });
  expect(ended).toMatchObject({ code: 0, stdout: "hello function\n" });
});

test("MCP both ways: an agent called as a tool, through the command's bridge, by the node that has it", async () => {
  const folder = join(user, "greeting");
  await mkdir(folder);
  await writeFile(
    join(folder, "greeter.ts"),
    `import { agent } from "agentcore";
export const greeter = agent({ name: "greeter", description: "Greets", run: () => "hello by MCP" });
`,
  );
  await writeFile(
    join(folder, "greeter.agent.yaml"),
    "apiVersion: agentcore.dev/v1\nkind: Agent\nmetadata: { name: greeter }\nspec: { code: { path: ./greeter.ts, export: greeter } }\n",
  );
  const words = ["up", "--port", "0", "--data", join(user, "data-greeting"), "--apply", folder];
  const node = new RunningProgram(process.execPath, [program(), ...words], { cwd: user });
  try {
    const url = await addressOf(node);
    const spec = { mcp: { stdio: { command: process.execPath, args: [program(), "mcp", "--url", url] } } };
    const manifest = { apiVersion: "agentcore.dev/v1", kind: "Tool", metadata: { name: "own" }, spec };
    await writeFile(join(user, "own.tool.yaml"), JSON.stringify(manifest));
    expect(await run("apply", "own.tool.yaml", "--url", url)).toMatchObject({ code: 0 });
    const called = await run("tools", "call", "own", "greeter", "--input", '{"message":"hi"}', "--url", url);
    expect(called).toMatchObject({ code: 0, stdout: expect.stringContaining("hello by MCP") as unknown });
  } finally {
    await node.kill("SIGTERM");
  }
});

test("PostgreSQL is asked for by name when it is not installed, and used when it is", async () => {
  const words = ["up", "--port", "0", "--data", join(user, "data"), "--database", "postgres://nobody@127.0.0.1:9/none"];
  expect(await run(...words)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("@agentcore/postgres") as unknown,
  });
  await cp(packageIn(OPTIONAL), join(modules(), "@agentcore", OPTIONAL), { recursive: true, verbatimSymlinks: true });
  const { code, stderr } = await run(...words);
  expect(code).toBe(1);
  expect(stderr).toContain("127.0.0.1:9");
  expect(stderr).not.toContain("@agentcore/postgres and");
});
