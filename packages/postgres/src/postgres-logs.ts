/** Events of tasks: of one by number, of all in the order in which they were committed. */
import type { LogPage, StoredEvent, TailRow, TaskKey } from "@agentcore/core/ports";
import type { Database } from "./database.ts";
import { escapeText, unescapeText } from "./escape-text.ts";
import { TASK, textOf } from "./task-key.ts";

const DEFAULT_LOG_LIMIT = 10_000;
// No answer is larger than a full log, whatever is asked for.
const MAX_ROWS = 10_000;
// Sizes are told without reading what is large.
const logPage = (condition: string): string => `select seq, type, at, data from (
    select e.seq, e.type, e.at, e.data, sum(octet_length(e.data)) over (order by e.seq) as upto
    from heads h join events e on e.task = h.id where ${TASK} and e.seq > $3 ${condition} order by e.seq limit $4
  ) page where upto <= $5 or upto = octet_length(data) order by seq`;
const LOG_PAGE = logPage("");
const LOG_PAGE_WITHOUT = logPage("and not e.type = any ($6)");

interface EventRow {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly data: string;
}

export class PostgresLogs {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  async read(key: TaskKey, options: LogPage = {}): Promise<readonly StoredEvent[]> {
    const { after = 0, limit = DEFAULT_LOG_LIMIT, maxBytes, without = [] } = options;
    const most = Math.min(limit, MAX_ROWS);
    if (without.length > 0) {
      const values = [...textOf(key), after, most, maxBytes ?? Number.MAX_SAFE_INTEGER, without];
      return (await this.database.query<EventRow>("log-page-without", LOG_PAGE_WITHOUT, values)).map(toEvent);
    }
    if (maxBytes !== undefined) {
      const page = await this.database.query<EventRow>("log-page", LOG_PAGE, [...textOf(key), after, most, maxBytes]);
      return page.map(toEvent);
    }
    const rows = await this.database.query<EventRow>(
      "log",
      `select e.seq, e.type, e.at, e.data from heads h join events e on e.task = h.id
        where ${TASK} and e.seq > $3 order by e.seq limit $4`,
      [...textOf(key), after, most],
    );
    return rows.map(toEvent);
  }

  async tail(options: {
    tenantId?: string;
    after: string | null;
    limit: number;
  }): Promise<readonly TailRow<StoredEvent>[]> {
    const { tenantId, after, limit } = options;
    const [transaction = "0", position = "0"] = after?.split(".") ?? [];
    const rows = await this.database.query<EventRow & { tenant_id: string; task_id: string; cursor: string }>(
      tenantId === undefined ? "tail" : "tail-of-tenant",
      `select h.tenant_id, h.task_id, e.transaction || '.' || e.position as cursor, e.seq, e.type, e.at, e.data
        from events e join heads h on h.id = e.task
        where (e.transaction, e.position) > ($1::text::xid8, $2::bigint)
          and e.transaction < pg_snapshot_xmin(pg_current_snapshot())
        ${tenantId === undefined ? "" : "and h.tenant_id = $4"} order by e.transaction, e.position limit $3`,
      [transaction, position, Math.min(limit, MAX_ROWS), ...(tenantId === undefined ? [] : [escapeText(tenantId)])],
    );
    return rows.map((row) => ({
      tenantId: unescapeText(row.tenant_id),
      taskId: unescapeText(row.task_id),
      cursor: row.cursor,
      event: toEvent(row),
    }));
  }
}

const toEvent = ({ seq, type, at, data }: EventRow): StoredEvent => ({
  seq,
  type,
  at,
  data: JSON.parse(data) as unknown,
});
