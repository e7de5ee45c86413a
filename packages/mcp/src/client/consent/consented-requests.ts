/** Sends the token of a person's consent with each request, and has it renewed when the server takes it no more. */
import { PlatformError, RetryableError } from "@agentcore/contract";
import { type AuthProvider, extractWWWAuthenticateParams } from "@modelcontextprotocol/client";
import { type ConsentTerms, renewConsent } from "./consent-flow.ts";
import type { ConsentKeeper, KeptConsent } from "./consent-keeper.ts";
import { WantsConsent } from "./wants-consent.ts";

export interface ConsentedRequests {
  /** Throws WantsConsent; UPSTREAM_FAILED, retryable, when the authorisation server cannot be had: the request did nothing. */
  readonly provider: AuthProvider;
  /** Hears of each answer with which token it was asked for: there may be a newer one by the time that it is refused. */
  onAnswer(sent: Headers, response: Response): void;
}

export const consentedRequests = (terms: ConsentTerms, keeper: ConsentKeeper): ConsentedRequests => {
  const tokens = new WeakMap<Response, string | null>();
  return {
    onAnswer: (sent, response) => void tokens.set(response, sent.get("authorization")),
    provider: {
      token: async () => (await keeper.kept())?.accessToken,
      async onUnauthorized({ response }) {
        const { scope, resourceMetadataUrl } = extractWWWAuthenticateParams(response);
        const isRefused = (kept: KeptConsent): boolean => tokens.get(response) === `Bearer ${kept.accessToken}`;
        const before = await keeper.kept();
        if (before !== null && isRefused(before)) await keeper.renew(before, () => renewed(terms, keeper, before));
        const now = await keeper.kept();
        if (now === null)
          throw new WantsConsent(terms.what, {
            scopes: scope?.split(" ").filter((each) => each !== ""),
            resourceMetadataUrl: resourceMetadataUrl?.href,
          });
        if (isRefused(now))
          throw new RetryableError(`the consent to ${terms.what} is being renewed, by another, for too long`, {
            code: "UPSTREAM_FAILED",
          });
      },
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
