/** Who may call, and by what they are known. */
import type { TokenIssuer, TokenVerifier } from "@agentcore/a2a/tokens";

/** What a key may do: an operator everything in its tenant, a caller A2A and its own tasks. */
export type ApiKeyRole = "operator" | "caller";

export interface ApiKey {
  /** SHA-256 of the secret, in hex; the secret itself is never kept. */
  readonly keyHash: string;
  readonly tenantId: string;
  readonly caller: string;
  readonly role: ApiKeyRole;
  /** What agents may ask for that it is good for. @default none */
  readonly scopes?: readonly string[] | undefined;
  /** The node's own, for calls of its own process: no card tells of it. */
  readonly isOwn?: true | undefined;
}

/** Whom the tokens of an issuer stand for. */
export interface TokenCaller extends TokenIssuer {
  /** Unless `tenantClaim` says it. */
  readonly tenantId: string;
  readonly tenantClaim?: string | undefined;
  readonly callerClaim: string;
  readonly scopesClaim: string;
  /** The scope that makes an operator. @default none does */
  readonly operatorScope?: string | undefined;
  /** For cards. */
  readonly openIdConnectUrl?: string | undefined;
  /** For cards: where tokens come from. */
  readonly oauth2?:
    | {
        readonly metadataUrl?: string | undefined;
        readonly flows: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
      }
    | undefined;
}

/** Whom a client certificate stands for: one of subject, fingerprint256 and subjectAltName says which. */
export interface CertificateCaller {
  /** `CN=billing, O=Example`, all of it. */
  readonly subject?: string | undefined;
  /** SHA-256 in hexadecimal, with or without colons. */
  readonly fingerprint256?: string | undefined;
  /** One of the certificate's names, as in `URI:spiffe://example.com/billing`. */
  readonly subjectAltName?: string | undefined;
  readonly tenantId: string;
  readonly caller: string;
  readonly role: ApiKeyRole;
  readonly scopes: readonly string[];
}

/** What callers may authenticate with besides API keys. */
export interface Credentials {
  readonly tokens?: (TokenVerifier<TokenCaller> & { readonly issuers: readonly TokenCaller[] }) | undefined;
  readonly certificates?: readonly CertificateCaller[] | undefined;
}
