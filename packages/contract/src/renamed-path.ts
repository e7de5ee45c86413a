/** Paths of a workflow's calls in its log, when its nodes have other names (docs/decisions/0015). Without a schema, for whoever starts fast. */

import type { MigrationRules } from "./migration.ts";

type Rename = (node: string) => string;

/** What nodes are called after a migration. */
export const renamer =
  ({ rename = {} }: MigrationRules): Rename =>
  (node) =>
    Object.hasOwn(rename, node) ? (rename[node] as string) : node;

/** And what they were called before it. */
export const unrenamer = ({ rename = {} }: MigrationRules): Rename => {
  const olds = new Map(Object.entries(rename).map(([old, now]) => [now, old]));
  return (node) => olds.get(node) ?? node;
};

// Calls of a workflow: what nobody who wrote a graph can name otherwise.
const CALL = /^(?:step|command|sleep|signal|event|approval|decision):/;
const NODE = /^[A-Za-z][\w-]*/;

/** The address of a workflow's call, with other names for its nodes. */
export const renamedAddress = (address: string, rename: Rename): string =>
  address
    .split("/")
    .map((segment) => segment.replace(NODE, rename))
    .join("/");

/** The path in the log of a workflow's call, with other names for its nodes; that of anything else as it is. */
export const renamedPath = (path: string, rename: Rename): string => {
  if (!CALL.test(path)) return path;
  const start = (path.endsWith("]") ? path.lastIndexOf("[") : path.indexOf(":")) + 1;
  return `${path.slice(0, start)}${renamedAddress(path.slice(start), rename)}`;
};
