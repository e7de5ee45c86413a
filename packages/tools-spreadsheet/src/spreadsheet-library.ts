/** The tools of this package, for Tool manifests. */
import { type ToolLibrary, toolLibrary } from "@agentcore/sdk";
import { z } from "zod";
import { spreadsheetTools } from "./spreadsheet-tools.ts";

const Options = z.strictObject({
  root: z.string().min(1).max(4096).describe("Absolute path of the folder"),
  hidden: z.boolean().optional().describe("Also names that begin with a dot, or under which keys lie"),
  description: z.string().min(1).max(500).optional().describe("What the workbooks are, for the model"),
  permission: z.string().max(128).optional().describe("A scope that whoever the task works for must have"),
});

export const spreadsheetLibrary: ToolLibrary<z.infer<typeof Options>> = toolLibrary({
  name: "spreadsheet",
  description: "Reads the sheets of workbooks (xlsx) in one folder",
  options: Options,
  reaches: ({ root }) => [{ field: "root", kind: "folder", value: root }],
  open: (options) => spreadsheetTools(options),
});
