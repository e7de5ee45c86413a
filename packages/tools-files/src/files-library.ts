/** The tools of this package, for Tool manifests. */
import { type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { z } from "zod";
import { fileTools } from "./file-tools.ts";

const Scope = z.string().max(128);
const Options = z.strictObject({
  root: z.string().min(1).max(4096).describe("Absolute path of the folder"),
  write: z.boolean().optional().describe("Also write_file, edit_file and delete_file"),
  hidden: z.boolean().optional().describe("Also names that begin with a dot, or under which keys lie"),
  description: z.string().min(1).max(500).optional().describe("What the files are, for the model"),
  maxFileBytes: z
    .int()
    .min(1)
    .max(100 * 1024 * 1024)
    .optional()
    .describe("5 MiB by default"),
  permission: Scope.optional().describe("A scope that whoever the task works for must have to read"),
  writePermission: Scope.optional().describe('The same to write; "files:write" by default'),
});

export const filesLibrary: ToolLibrary<z.infer<typeof Options>> = toolLibrary({
  name: "files",
  description: "Lists, reads, searches and, where that is said, writes the files of one folder",
  options: Options,
  reaches: ({ root }) => [{ field: "root", kind: "folder", value: root }],
  open: (options) => fileTools(options),
});
