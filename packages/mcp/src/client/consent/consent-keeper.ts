/** Where the consent of one person to one server is kept. All of it is secret. */
import type { OAuthDiscoveryState, StoredOAuthClientInformation } from "@modelcontextprotocol/client";

/** What an authorisation server knows the node by, as JSON. */
export type RegisteredClient = StoredOAuthClientInformation;

/** JSON. */
export interface KeptConsent {
  readonly accessToken: string;
  /** Absent: when the token has expired, somebody has to consent again. */
  readonly refreshToken?: string | undefined;
  /** As they were granted, separated by spaces. */
  readonly scope?: string | undefined;
  /** Who gave the tokens; absent where somebody brought one. */
  readonly from?:
    | {
        readonly issuer: string;
        readonly discovery: OAuthDiscoveryState;
        readonly resource?: string | undefined;
        /** As which the node asked; absent where the manifest names it. */
        readonly client?: RegisteredClient | undefined;
      }
    | undefined;
}

export interface ConsentKeeper {
  /** Null: there is none. */
  kept(): Promise<KeptConsent | null>;
  /** `renewing` gives what comes in place of `before`, null for nothing; it runs alone, over all nodes, and not at all where something else stands by then. */
  renew(before: KeptConsent, renewing: () => Promise<KeptConsent | null>): Promise<void>;
  /** As the node is registered there; null: it is not. */
  client(issuer: string): Promise<RegisteredClient | null>;
  /** Null: it is not known there any more. */
  keepClient(issuer: string, client: RegisteredClient | null): Promise<void>;
}
