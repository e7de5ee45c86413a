/** What of the network a program in a sandbox reaches (docs/sandbox.md#the-network). */
import { z } from "zod";

// Labels of DNS. The last begins with a letter: else it is an address, in one of its many spellings (127.1, 0x7f000001). Of a name after `*.` two labels at
// least, as all of `com` is nobody's.
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const LAST = "[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const NAMED_HOST = new RegExp(
  `^(?=[^:]{1,253}(?::|$))(?:\\*\\.${LABEL}\\.)?(?:${LABEL}\\.)*${LAST}(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?$`,
);

/** `api.anthropic.com`, `*.example.org` (all below it, and not itself), `registry.local:4873`. Without a port: 443 and 80. */
const NamedHost = z.string().regex(NAMED_HOST, {
  error:
    "expected the name of a host, and no address: api.example.com, *.example.com for all below it, registry.example.com:4873 for a port other than 443 and 80",
});

const WORDS = ["none", "host"] as const;

/** `none`: nothing, not even this machine. `host`: all that this machine reaches, itself included. `hosts`: these by their names, through a proxy of the node's, and nothing else. */
export const SandboxNetwork = z.union([z.enum(WORDS), z.strictObject({ hosts: z.array(NamedHost).min(1).max(100) })], {
  error: "expected none, host, or hosts: with the names of those that it may reach",
});
export type SandboxNetwork = z.infer<typeof SandboxNetwork>;
