import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { PlatformError } from "@agentcore/contract";

/** Where a program is: as it stands if absolute, else in the absolute folders of PATH. Throws NOT_INSTALLED. */
export const findProgram = (name: string, path: string | undefined): string => {
  const places = isAbsolute(name)
    ? [name]
    : name.includes("/")
      ? []
      : (path ?? "").split(delimiter).flatMap((folder) => (isAbsolute(folder) ? [join(folder, name)] : []));
  const found = places.find(isProgram);
  if (found !== undefined) return found;
  throw new PlatformError("NOT_INSTALLED", `there is no program ${JSON.stringify(name)} on this node`, {
    details: {
      nextStep: "Install it for the node's account so that it is found in PATH, or name it by an absolute path.",
    },
  });
};

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

// Of util-linux, which every Linux of a node has.
const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"];

/** What has a program asked to end when this process dies, however it does; none where the machine lacks it. */
export const endsWithUs = (): readonly string[] => {
  const setpriv = process.platform === "linux" ? SETPRIV.find((path) => existsSync(path)) : undefined;
  return setpriv === undefined ? [] : [setpriv, "--pdeathsig", "TERM", "--"];
};
