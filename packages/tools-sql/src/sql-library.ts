/** The tools of this package, for Tool manifests. */
import { type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { z } from "zod";
import { BOUNDS, sqlTools } from "./sql-tools.ts";

const bound = (name: keyof typeof BOUNDS) =>
  z.int().min(1).max(BOUNDS[name].most).optional().describe(`${BOUNDS[name].usual} by default`);

const Options = z
  .strictObject({
    postgres: z
      .strictObject({
        urlEnv: z.string().min(1).max(256).describe("Variable that holds postgres://USER:PASSWORD@HOST/DATABASE"),
      })
      .optional(),
    sqlite: z.strictObject({ file: z.string().min(1).max(4096).describe("Absolute path") }).optional(),
    description: z.string().min(1).max(500).optional().describe("What is in it, for the model"),
    show: z
      .record(z.string(), z.union([z.literal(true), z.array(z.string()).max(1_000)]))
      .optional()
      .describe("Tables that are shown, each with its columns or true; on SQLite nothing else can be read"),
    maxRows: bound("maxRows"),
    maxBytes: bound("maxBytes"),
    timeoutMs: bound("timeoutMs"),
    permission: z.string().max(128).optional().describe("A scope that whoever the task works for must have"),
  })
  .refine(({ postgres, sqlite }) => (postgres === undefined) !== (sqlite === undefined), {
    error: "expected one of postgres and sqlite",
  });

export const sqlLibrary: ToolLibrary<z.infer<typeof Options>> = toolLibrary({
  name: "sql",
  description: "Reads from PostgreSQL or SQLite, and changes nothing there",
  options: Options,
  reaches: ({ postgres, sqlite }) => [
    ...(postgres === undefined ? [] : [{ field: "postgres.urlEnv", kind: "secret" as const, value: postgres.urlEnv }]),
    ...(sqlite === undefined ? [] : [{ field: "sqlite.file", kind: "folder" as const, value: sqlite.file }]),
  ],
  open: ({ postgres, sqlite = { file: "" }, ...options }, { secret }) =>
    sqlTools({ ...options, database: postgres === undefined ? { sqlite } : { postgres }, readVariable: secret }),
});
