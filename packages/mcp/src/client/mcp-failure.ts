/** What the SDK throws, in the platform's codes. */
import { PlatformError } from "@agentcore/contract";
import {
  OAuthError,
  ProtocolError,
  ProtocolErrorCode,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { ForgottenSession } from "./forgotten-session.ts";

export interface FailedCall {
  /** In words: `MCP server "github"`. */
  readonly what: string;
  /** Whether it may be sent again: it did not get there, or does no harm twice. */
  readonly mayRepeat: boolean;
  /** Whether it was sent in a session, which its server may have forgotten. */
  readonly inSession: boolean;
  /** The last of what the program wrote, for whoever has to look. @default nothing */
  readonly said?: string | undefined;
}

/** Never throws. The server's own words are in it, as far as it is a failure of the protocol. */
export const mcpFailure = (thrown: unknown, { what, mayRepeat, inSession, said }: FailedCall): PlatformError => {
  const own = causes(thrown).find((each) => PlatformError.is(each));
  if (own !== undefined) return own;
  if (inSession && thrown instanceof SdkHttpError && thrown.status === 404)
    return new ForgottenSession(`${what} has forgotten its session`, { cause: thrown });
  if (causes(thrown).some(isRefusal))
    return new PlatformError("UNAUTHENTICATED", `${what} refuses the credential, or wants one: ${words(thrown)}`, {
      cause: thrown,
    });
  if (thrown instanceof ProtocolError)
    return new PlatformError(
      thrown.code === ProtocolErrorCode.InvalidParams ? "INVALID_ARGUMENT" : "UPSTREAM_FAILED",
      `${what}: ${words(thrown)}`,
      { cause: thrown, ...(thrown.code === ProtocolErrorCode.InvalidParams ? {} : { retryable: false }) },
    );
  const isSdk = thrown instanceof SdkError;
  if (!mayRepeat && (!isSdk || LOST.has(thrown.code)))
    return new PlatformError(
      "OUTCOME_UNKNOWN",
      `${what}: ${words(thrown)}; it may or may not have acted: look before it is called again${said ? `; it last wrote: ${said}` : ""}`,
      { cause: thrown },
    );
  // Sent again, it would come to the same.
  const isFinal = isSdk && FINAL.has(thrown.code) && !(thrown instanceof SdkHttpError && isPassing(thrown.status));
  return new PlatformError("UPSTREAM_FAILED", `${what}: ${words(thrown)}${said ? `; it last wrote: ${said}` : ""}`, {
    cause: thrown,
    retryable: mayRepeat && !isFinal,
  });
};

const FINAL: ReadonlySet<SdkErrorCode> = new Set([
  SdkErrorCode.CapabilityNotSupported,
  SdkErrorCode.InvalidResult,
  SdkErrorCode.UnsupportedResultType,
  SdkErrorCode.InputRequiredRoundsExceeded,
  SdkErrorCode.ListPaginationExceeded,
  SdkErrorCode.MethodNotSupportedByProtocolVersion,
  SdkErrorCode.ClientHttpNotImplemented,
  SdkErrorCode.ClientHttpUnexpectedContent,
]);

/** It had been sent, and nothing came. */
const LOST: ReadonlySet<SdkErrorCode> = new Set([SdkErrorCode.RequestTimeout, SdkErrorCode.ConnectionClosed]);

const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

const isRefusal = (error: unknown): boolean =>
  error instanceof UnauthorizedError ||
  error instanceof OAuthError ||
  (error instanceof SdkHttpError && (error.status === 401 || error.status === 403));

const causes = (error: unknown): readonly unknown[] => {
  const found: unknown[] = [];
  for (let each = error; each instanceof Error && found.length < 10; each = each.cause) found.push(each);
  return found;
};

const MAX_WORDS = 1000;
const words = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, MAX_WORDS);
