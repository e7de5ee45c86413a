/** Under which keys the answers of a tenant are kept. */
import type { KeyValueScope } from "../ports/index.ts";

/** The row that says how far the tenant's cache has been cleared. */
export const CLEARED = "cleared";

export const scopeOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: "model-cache" });

export const entryKey = (exact: string): string => `exact/${exact}`;

/** Leads to an entry. */
export const contentKey = (content: string): string => `content/${content}`;
