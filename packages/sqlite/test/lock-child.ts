/** Takes the creation lock of a folder as often as it can; what it does while it holds it fails when another holds it too. */
import { closeSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { takeCreationLock } from "../src/creation-lock.ts";

const [, , directory = "", times = "0"] = process.argv;
let left = Number(times);
while (left > 0) {
  const lock = takeCreationLock(directory);
  if (lock === null) continue;
  const mine = join(directory, "held");
  closeSync(openSync(mine, "wx"));
  rmSync(mine);
  lock.release();
  left -= 1;
}
