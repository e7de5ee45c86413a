/** Tools that work on the files below one folder, and the way into it, which other tools share. */
export { ConfinedFolder, type ConfinedFolderOptions, type FileState, type OpenedFile } from "./confined-folder.ts";
export { type FileToolsOptions, fileTools } from "./file-tools.ts";
export { filesLibrary } from "./files-library.ts";
export { readBounded } from "./read-bounded.ts";
export { type LineRange, type ReadLines, readLines } from "./read-lines.ts";
export { readText } from "./read-text.ts";
