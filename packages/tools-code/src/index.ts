/** Tools by which an agent runs code that its model wrote, apart from the node. */

export { codeLibrary } from "./code-library.ts";
export type { CodeInput, CodeToolOptions, CodeToolOutput } from "./code-tool.ts";
export { javascriptTool } from "./javascript-tool.ts";
export { type ProgramInput, type ProgramToolOptions, type ProgramToolOutput, programTool } from "./program-tool.ts";
export { pythonTool } from "./python-tool.ts";
