/** Sends the token of a person's consent with each request, and has it renewed when the server takes it no more. */
import { PlatformError, RetryableError } from "@agentcore/contract";
import { type AuthProvider, extractWWWAuthenticateParams } from "@modelcontextprotocol/client";
import { type ConsentTerms, renewConsent } from "./consent-flow.ts";
import type { ConsentKeeper, KeptConsent } from "./consent-keeper.ts";
import { WantsConsent } from "./wants-consent.ts";

/** Throws WantsConsent; UPSTREAM_FAILED, retryable, when the authorisation server cannot be had: the request did nothing. */
export const consentedRequests = (terms: ConsentTerms, keeper: ConsentKeeper): AuthProvider => {
  let sent: KeptConsent | null = null;
  return {
    async token() {
      sent = await keeper.kept();
      return sent?.accessToken;
    },
    async onUnauthorized({ response }) {
      const { scope, resourceMetadataUrl } = extractWWWAuthenticateParams(response);
      const now = await keeper.kept();
      if (now !== null && now.accessToken === sent?.accessToken)
        await keeper.renew(now, () => renewed(terms, keeper, now));
      if ((await keeper.kept()) !== null) return;
      throw new WantsConsent(terms.what, {
        scopes: scope?.split(" ").filter((each) => each !== ""),
        resourceMetadataUrl: resourceMetadataUrl?.href,
      });
    },
  };
};

const renewed = async (terms: ConsentTerms, keeper: ConsentKeeper, kept: KeptConsent): Promise<KeptConsent | null> => {
  try {
    return await renewConsent(terms, keeper, kept);
  } catch (error) {
    // Also of a tool that may not act twice: it was refused.
    if (PlatformError.is(error) && error.retryable)
      throw new RetryableError(error.message, { code: error.code, cause: error });
    throw error;
  }
};
