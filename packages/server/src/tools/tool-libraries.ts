/** The libraries that Tool manifests may name, each in a package that is installed when it is wanted, and loaded with the first manifest that names it. */
import { invalidArgument, PlatformError } from "@agentcore/contract";
import type { ToolLibrary } from "@agentcore/sdk";
import { deriveJsonSchema } from "@agentcore/sdk/json-schema";
import type { ToolLibraryStatus } from "../gateway/deps.ts";
import { loadInstalled } from "../load-installed.ts";

interface LibraryPackage {
  readonly name: string;
  load(): Promise<ToolLibrary>;
}

const TOOLS = "@agentcore/tools";
const HTTP = "@agentcore/tools-http";

const LIBRARIES: Readonly<Record<string, LibraryPackage>> = {
  calculator: { name: TOOLS, load: async () => (await import("@agentcore/tools")).calculatorLibrary },
  code: { name: "@agentcore/tools-code", load: async () => (await import("@agentcore/tools-code")).codeLibrary },
  csv: { name: TOOLS, load: async () => (await import("@agentcore/tools")).csvLibrary },
  dates: { name: TOOLS, load: async () => (await import("@agentcore/tools")).datesLibrary },
  http: { name: HTTP, load: async () => (await import("@agentcore/tools-http")).httpLibrary },
  json: { name: TOOLS, load: async () => (await import("@agentcore/tools")).jsonLibrary },
  "mail-draft": {
    name: "@agentcore/tools-mail",
    load: async () => (await import("@agentcore/tools-mail")).mailDraftLibrary,
  },
  "web-search": { name: HTTP, load: async () => (await import("@agentcore/tools-http")).webSearchLibrary },
};

/** Throws INVALID_ARGUMENT for one that there is not, NOT_INSTALLED. */
export const loadToolLibrary = (name: string): Promise<ToolLibrary> => {
  const found = Object.hasOwn(LIBRARIES, name) ? LIBRARIES[name] : undefined;
  if (found === undefined)
    return Promise.reject(
      invalidArgument("the Tool manifest", [
        {
          field: "spec.library.name",
          description: `there is no library "${name}"; there are ${Object.keys(LIBRARIES).join(", ")}`,
        },
      ]),
    );
  return loadInstalled(`the tool library "${name}"`, found.name, () => found.load());
};

/** All that there are, by name, loaded where they are installed. */
export const toolLibraryStatuses = (): Promise<readonly ToolLibraryStatus[]> =>
  Promise.all(Object.entries(LIBRARIES).map(([name, { name: packageName }]) => statusOf(name, packageName)));

const statusOf = async (name: string, packageName: string): Promise<ToolLibraryStatus> => {
  const status = { name, package: packageName };
  try {
    const { description, options } = await loadToolLibrary(name);
    const schema = deriveJsonSchema(options);
    return { ...status, installed: true, description, ...(schema === undefined ? {} : { options: schema }) };
  } catch (error) {
    if (PlatformError.is(error) && error.code === "NOT_INSTALLED") return { ...status, installed: false };
    throw error;
  }
};
