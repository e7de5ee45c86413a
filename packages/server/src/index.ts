export { checkBackup, type Restored, type RestoreTarget, restoreBackup } from "./backup/restore-backup.ts";
export { type DatabaseFinding, inspectDatabase } from "./inspect-database.ts";
export { type NodeOptions, type RunningNode, startNode } from "./start-node.ts";
