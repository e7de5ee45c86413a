export { asDiskFull } from "./disk-room.ts";
export { createFileBlobStore, type FileBlobStoreOptions } from "./file-blob-store.ts";
export { BLOB_FOLDER, openSqlite, type SqliteOptions, type SqliteStores } from "./open-sqlite.ts";
export { restoreSqlite } from "./restore-sqlite.ts";
export { syncFolder } from "./sync-folder.ts";
