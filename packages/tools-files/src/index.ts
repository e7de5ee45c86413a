/** Tools that work on the files below one folder, and the way into it, which other tools share. */
export { ConfinedFolder, type ConfinedFolderOptions, type FileState, type OpenedFile } from "./confined-folder.ts";
export { readBounded } from "./read-bounded.ts";
