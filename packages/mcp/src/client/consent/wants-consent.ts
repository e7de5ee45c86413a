import { PlatformError } from "@agentcore/contract";

/** Of a server's challenge. */
export interface WantedConsent {
  /** Scopes that it names. */
  readonly scopes?: readonly string[] | undefined;
  /** Where it says what it is, and who gives its tokens. */
  readonly resourceMetadataUrl?: string | undefined;
}

/** The server wants a token that only a person's consent brings, and has done nothing. */
export class WantsConsent extends PlatformError {
  readonly wanted: WantedConsent;

  constructor(what: string, wanted: WantedConsent, options: { readonly cause?: unknown } = {}) {
    super("UNAUTHENTICATED", `${what} wants the consent of whom it is to work for`, options);
    this.wanted = wanted;
  }
}
