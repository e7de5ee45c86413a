import { type ClaimRequest, placeInClaim } from "../ports/index.ts";

/**
 * Takes up to `limit` of what waits, in the order of the tenants' places; of each tenant from the front, at most what it has
 * room for.
 */
export const takeInTurn = <Row>(
  waiting: ReadonlyMap<string, { readonly rows: readonly Row[]; readonly room: number }>,
  { tenants }: Pick<ClaimRequest, "tenants">,
  limit: number,
): Row[] =>
  [...waiting]
    .flatMap(([tenantId, { rows, room }]) =>
      rows.slice(0, Math.max(0, Math.min(room, limit))).map((row, before) => ({
        row,
        tenantId,
        place: placeInClaim(tenants?.get(tenantId), before),
      })),
    )
    .sort((left, right) => left.place - right.place || byText(left.tenantId, right.tenantId))
    .slice(0, Math.max(0, limit))
    .map(({ row }) => row);

const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
