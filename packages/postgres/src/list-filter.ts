import type { ListQuery } from "@agentcore/core/ports";
import { escapeText } from "./escape-text.ts";

/** Conditions on heads, with a name for each set of them, by which the database knows its statement. */
export class ListFilter {
  readonly name: string;
  readonly where: string;
  readonly values: readonly unknown[];

  constructor(name: string, where: string, values: readonly unknown[]) {
    this.name = name;
    this.where = where;
    this.values = values;
  }

  /** `?` stands for the value. */
  and(name: string, condition: string, value: unknown): ListFilter {
    const placed = condition.replace("?", `$${this.values.length + 1}`);
    return new ListFilter(`${this.name} ${name}`, `${this.where} and ${placed}`, [...this.values, value]);
  }

  afterRow({ updatedAt, taskId }: { readonly updatedAt: number; readonly taskId: string }): ListFilter {
    const [time, task] = [`$${this.values.length + 1}`, `$${this.values.length + 2}`];
    const where = `${this.where} and (updated_at, task_id collate "C") < (${time}, ${task})`;
    return new ListFilter(`${this.name} after`, where, [...this.values, updatedAt, escapeText(taskId)]);
  }
}

export const filterOf = (query: ListQuery): ListFilter => {
  let filter = new ListFilter("tenant", "tenant_id = $1", [escapeText(query.tenantId)]);
  if (query.caller !== undefined) filter = filter.and("caller", "caller = ?", escapeText(query.caller));
  if (query.contextId !== undefined) filter = filter.and("context", "context_id = ?", escapeText(query.contextId));
  if (query.agent !== undefined) filter = filter.and("agent", "agent = ?", query.agent);
  if (query.parentTaskId !== undefined)
    filter = filter.and("parent", "parent_task_id = ?", escapeText(query.parentTaskId));
  if (query.states !== undefined) filter = filter.and("states", "state = any (?)", query.states);
  if (query.updatedSince !== undefined) filter = filter.and("since", "updated_at >= ?", query.updatedSince);
  return filter;
};
