// Bubblewrap, which the tests of the sandbox run: taken as it is installed, else, as root on a Debian, installed first.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { installSystemPackage } from "./services.mjs";

/** Null when it is there, else what is in the way. */
export function ensureBubblewrap() {
  if (isInstalled() || (installSystemPackage("bubblewrap") && isInstalled())) return null;
  return "bubblewrap: not installed; install it (Debian, Ubuntu: apt-get install bubblewrap)";
}

const isInstalled = () =>
  [...(process.env.PATH ?? "").split(":"), "/usr/bin", "/bin"].some((folder) => existsSync(join(folder, "bwrap")));
