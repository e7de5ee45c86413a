/** How `apply` and `diff` are told where the manifests are. */
import type { Invocation } from "../command.ts";
import { UsageError } from "../usage-error.ts";

export const MANIFEST_ARGUMENTS = [
  {
    name: "PATH",
    description: "Manifest file or folder; same as --file",
    optional: true,
    rest: true,
    completes: "path",
  },
] as const;

export const MANIFEST_OPTIONS = {
  file: {
    type: "string",
    short: "f",
    multiple: true,
    value: "FILE|DIR",
    completes: "path",
    description: "Manifest file, or folder to search for manifests",
  },
} as const;

export const manifestPaths = (invocation: Invocation<typeof MANIFEST_OPTIONS>): readonly string[] => {
  const paths = [...invocation.options.file, ...invocation.arguments];
  if (paths.length === 0) throw new UsageError("-f FILE|DIR is missing: which manifests?");
  return paths;
};
