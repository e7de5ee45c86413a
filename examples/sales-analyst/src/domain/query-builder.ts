import type { Period } from "./calendar.ts";
import type { Dimension, FilterField, IntentFilter, Measure, SalesIntent } from "./intent.ts";
import { isTime, maxAnswerRows } from "./intent.ts";

/** One SELECT. Every name in `sql` comes from the maps below; everything a person said is in `parameters`. */
export interface SalesQuery {
  readonly sql: string;
  readonly parameters: readonly (string | number)[];
  /** How many leading columns `group1`, `group2` name the row; the last column is `value`. */
  readonly groupCount: number;
  /** The rows to keep. The query asks for one more, to know whether the list was cut and whether the cut parts equals. */
  readonly maxRows: number;
}

/** Money in euro cents. An order that spans several products counts once. */
const measureSql: Readonly<Record<Measure, string>> = {
  revenue: "coalesce(sum(order_lines.quantity * order_lines.unit_price_cents), 0)",
  units: "coalesce(sum(order_lines.quantity), 0)",
  orders: "count(DISTINCT orders.id)",
  averageOrderValue: "sum(order_lines.quantity * order_lines.unit_price_cents) * 1.0 / count(DISTINCT orders.id)",
  customers: "count(DISTINCT orders.customer_id)",
};

const fieldSql: Readonly<Record<FilterField, string>> = {
  category: "categories.name",
  customer: "customers.name",
  product: "products.name",
  region: "regions.name",
};

const dimensionSql: Readonly<Record<Dimension, string>> = {
  ...fieldSql,
  day: "orders.ordered_on",
  week: "strftime('%G-W%V', orders.ordered_on)",
  month: "substr(orders.ordered_on, 1, 7)",
  quarter: "substr(orders.ordered_on, 1, 4) || '-Q' || ((CAST(substr(orders.ordered_on, 6, 2) AS INTEGER) + 2) / 3)",
  year: "substr(orders.ordered_on, 1, 4)",
};

const source = `FROM order_lines
  JOIN orders ON orders.id = order_lines.order_id
  JOIN customers ON customers.id = orders.customer_id
  JOIN regions ON regions.id = customers.region_id
  JOIN products ON products.id = order_lines.product_id
  JOIN categories ON categories.id = products.category_id`;

/** One query for each period compared, earlier first; one query otherwise. */
export function buildQueries(intent: SalesIntent): readonly SalesQuery[] {
  return intent.periods.length === 0
    ? [buildQuery(intent, undefined)]
    : intent.periods.map((period) => buildQuery(intent, period));
}

function buildQuery(intent: SalesIntent, period: Period | undefined): SalesQuery {
  const groups = intent.groupBy.map((_, index) => `group${index + 1}`);
  const columns = [
    ...intent.groupBy.map((dimension, index) => `${dimensionSql[dimension]} AS group${index + 1}`),
    `${measureSql[intent.measure]} AS value`,
  ];
  const conditions = [...intent.filters.map(filterSql), ...(period ? ["orders.ordered_on BETWEEN ? AND ?"] : [])];
  const maxRows = intent.limit ?? maxAnswerRows;
  const sql = [
    `SELECT ${columns.join(", ")}`,
    source,
    ...(conditions.length > 0 ? [`WHERE ${conditions.join(" AND ")}`] : []),
    ...(groups.length > 0 ? [`GROUP BY ${groups.join(", ")}`] : []),
    ...(groups.length > 0 ? [`ORDER BY ${orderSql(intent, groups)}`] : []),
    "LIMIT ?",
  ].join("\n");
  const parameters = [
    ...intent.filters.flatMap(({ values }) => values),
    ...(period ? [period.from, period.to] : []),
    maxRows + 1,
  ];
  return { sql, parameters, groupCount: groups.length, maxRows };
}

function filterSql({ field, mode, values }: IntentFilter): string {
  return `${fieldSql[field]} ${mode === "in" ? "IN" : "NOT IN"} (${values.map(() => "?").join(", ")})`;
}

/** Equal values stand in the order of their names, so that the same question gives the same rows. */
function orderSql({ groupBy, order }: SalesIntent, groups: readonly string[]): string {
  if (order !== "natural") return `value ${order === "highest" ? "DESC" : "ASC"}, ${groups.join(", ")}`;
  const [first] = groupBy;
  const byName = groupBy.length > 1 || (first !== undefined && isTime(first));
  return byName ? groups.join(", ") : `value DESC, ${groups.join(", ")}`;
}
