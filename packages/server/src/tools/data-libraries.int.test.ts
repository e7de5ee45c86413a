/** Agents in YAML on what an organisation has: each library through a node. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { answering, startFakeModelServer } from "../../../models/src/testing/fake-model-server.ts";
import { openaiDialect } from "../../../models/src/testing/openai-dialect.ts";
import { makePdf } from "../../../tools-documents/test/make-pdf.ts";
import { makeXlsx } from "../../../tools-spreadsheet/test/make-xlsx.ts";
import { type RunningNode, startNode } from "../start-node.ts";

const header = { apiVersion: "agentcore.dev/v1" };

let folder: string;
let shared: string;
let node: RunningNode;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "agentcore-data-"));
  shared = join(folder, "shared");
  mkdirSync(shared);
  node = await startNode({
    ...{ port: 0, dataDirectory: join(folder, "node"), logLevel: "error", toolFolders: [shared] },
    env: { PATH: process.env["PATH"], REPORTS_SECRET: "postgres://reader:geheim@127.0.0.1:1/reports" },
  });
  await node.ready;
});

afterAll(async () => {
  await node.close(0);
  rmSync(folder, { recursive: true });
});

const api = async (path: string, body: unknown) => {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${node.url}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return response.json();
};

const library = (name: string, of: string, options: object) => ({
  ...{ ...header, kind: "Tool", metadata: { name }, spec: { library: { name: of, options } } },
});

/** Has an agent's model call one tool, and answers what the model was told of it, as text. */
const told = async (tool: string, input: object): Promise<string> => {
  const models = await startFakeModelServer(
    openaiDialect,
    answering({ toolCalls: [{ id: "1", name: tool, input: JSON.stringify(input) }] }),
    answering({ text: "Done." }),
  );
  onTestFinished(() => models.close());
  const name = `model-${tool.replaceAll("_", "-")}-${models.baseUrl.replaceAll(/\D/g, "")}`;
  await node.apply([
    { ...header, kind: "Model", metadata: { name }, spec: { baseUrl: models.baseUrl, model: "m" } },
    { ...header, kind: "Agent", metadata: { name: "clerk" }, spec: { model: name, tools: [tool.split("__")[0]] } },
  ]);
  const { task } = await api("/tasks", { target: "agent:clerk", input: "Do it.", wait: true });
  expect(task.artifacts[0].parts).toEqual([{ text: "Done." }]);
  return JSON.stringify(models.requests[1]?.body);
};

test("an agent in YAML searches documents by words and by meaning", async () => {
  writeFileSync(join(shared, "leave.md"), "# Leave\nCall your manager when you are ill.");
  await node.apply([library("handbook", "documents", { folder: shared, wordVectors: true })]);
  const answer = await told("handbook__search_documents", { query: "sick" });
  expect(answer).toContain("leave.md:1-2");
  expect(answer).toContain("by words and by meaning");
});

test("an agent in YAML searches documents by a model that the node runs itself", async () => {
  const wards = join(shared, "wards");
  mkdirSync(wards);
  writeFileSync(join(wards, "illness.md"), "Call the ward if you feel ill.");
  writeFileSync(join(wards, "parking.md"), "Cars stand behind the house.");
  await expect(
    node.apply([library("both", "documents", { folder: wards, embedder: "local/english", wordVectors: true })]),
  ).rejects.toThrow("either embedder or wordVectors");
  await node.apply([library("wards", "documents", { folder: wards, embedder: "local/english" })]);
  const answer = await told("wards__search_documents", { query: "I am sick, whom do I phone?", limit: 1 });
  expect(answer).toContain("illness.md:1");
  expect(answer).toContain("by words and by meaning");
});

test("an agent in YAML writes a file, under the scope that this asks for", async () => {
  await node.apply([library("reports", "files", { root: shared, write: true })]);
  const answer = await told("reports__write_file", { path: "may.txt", content: "12 sold" });
  expect(answer).toContain("changed");
  expect(readFileSync(join(shared, "may.txt"), "utf8")).toBe("12 sold");
  expect(await told("reports__read_file", { path: "../node/x" })).toContain('expected no \\".');
});

test("an agent in YAML reads a database, and the database lets it do no more", async () => {
  const file = join(shared, "shop.db");
  const database = new DatabaseSync(file);
  database.exec("CREATE TABLE orders (total REAL); INSERT INTO orders VALUES (12.5), (7)");
  database.close();
  await node.apply([library("shop", "sql", { sqlite: { file } })]);
  expect(
    await told("shop__sql_query", { sql: "SELECT sum(total) FROM orders WHERE total > ?", parameters: [10] }),
  ).toContain("[[12.5]]");
  expect(await told("shop__sql_query", { sql: "DELETE FROM orders" })).toContain("lets only rows of tables be read");
  expect(await told("shop__sql_schema", {})).toContain("REAL");
});

test("a database in PostgreSQL is named by a variable of the tenant, and never by its address", async () => {
  await expect(node.apply([library("bad", "sql", { postgres: { urlEnv: "postgres://x" } })])).rejects.toThrow(
    "_SECRET",
  );
  await expect(node.apply([library("bad", "sql", {})])).rejects.toThrow("expected one of postgres and sqlite");
  await node.apply([library("reports", "sql", { postgres: { urlEnv: "REPORTS_SECRET" } })]);
  expect(await told("reports__sql_query", { sql: "SELECT 1" })).toContain(
    "the database cannot be reached (ECONNREFUSED)",
  );
});

test("an agent in YAML reads cells of a workbook and pages of a PDF", async () => {
  writeFileSync(join(shared, "may.xlsx"), makeXlsx({ May: '<row r="1"><c r="A1"><v>4711</v></c></row>' }));
  writeFileSync(join(shared, "contract.pdf"), makePdf(["Ninety days notice"]));
  await node.apply([library("books", "spreadsheet", { root: shared }), library("contracts", "pdf", { root: shared })]);
  expect(await told("books__read_sheet", { path: "may.xlsx" })).toContain("[[4711]]");
  expect(await told("contracts__read_pdf", { path: "contract.pdf" })).toContain("Ninety days notice");
});

test("a folder that the options do not say in full, and options that there are not, are refused when they are applied", async () => {
  await expect(node.apply([library("bad", "files", { root: "relative" })])).rejects.toThrow(
    "expected an absolute path",
  );
  await expect(node.apply([library("bad", "documents", { folder: shared, embed: "x" })])).rejects.toThrow("embed");
});

test("on a node with keys, folders are those that its operator names, by where they really are", async () => {
  const other = join(folder, "other");
  mkdirSync(other);
  symlinkSync(other, join(shared, "link"));
  const guarded = await startNode({
    ...{ port: 0, dataDirectory: join(folder, "guarded"), logLevel: "error", toolFolders: [shared] },
    ...{ env: { PATH: process.env["PATH"] }, apiKeys: ["operator:of-the-operator"] },
  });
  onTestFinished(() => guarded.close(0));
  await guarded.ready;
  await guarded.apply([library("fine", "files", { root: shared })]);
  for (const root of [other, join(shared, "link"), "/"])
    await expect(guarded.apply([library("bad", "files", { root })])).rejects.toThrow("--tool-folder");
});
