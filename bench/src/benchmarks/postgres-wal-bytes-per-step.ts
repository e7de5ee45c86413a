import { walBytesAgainst } from "../postgres/bytes.ts";

export const benchmark = walBytesAgainst({
  name: "postgres-wal-bytes-per-step",
  peer: "dbos",
  title: "DBOS",
  floor: null,
});
