import type { Clock, Logger } from "@agentcore/core/ports";
import { createGuardedFetch } from "@agentcore/outbound";
import type { Credentials } from "../gateway/deps/credentials.ts";
import { readAuthFile } from "./auth-file.ts";

export interface OpenCredentialsOptions {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly logger: Logger;
}

/** What the auth file says callers may authenticate with. Throws CONFIG_INVALID. */
export const openCredentials = async (
  path: string,
  { clock, logger }: OpenCredentialsOptions,
): Promise<Credentials> => {
  const { issuers, certificates } = await readAuthFile(path);
  if (issuers.length === 0) return { certificates };
  const { createTokenVerifier } = await import("@agentcore/a2a/tokens");
  const verifier = createTokenVerifier(issuers, {
    // The addresses are the operator's own, but what is fetched decides who gets in: unencrypted it stays on networks of theirs.
    fetch: createGuardedFetch({ allowLoopback: true, allowPrivate: true, sendsSecret: true, option: "--auth" }),
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    onTrouble: (issuer, error) =>
      logger.log(
        "warn",
        `tokens of ${issuer} cannot be checked: ${error instanceof Error ? error.message : "no keys"}`,
      ),
  });
  return { certificates, tokens: { verify: (token) => verifier.verify(token), issuers } };
};
