/** What happens at a fault point: it is recorded, or the process dies there, as the environment says. */
import { appendFileSync } from "node:fs";

const { MATRIX_POINT: target, MATRIX_RECORD: record } = process.env;

export const onFaultPoint = (point: string): void => {
  if (record !== undefined) appendFileSync(record, `${point}\n`);
  if (point === target) process.kill(process.pid, "SIGKILL");
};
