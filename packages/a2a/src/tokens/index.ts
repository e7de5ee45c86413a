export {
  createTokenVerifier,
  type TokenIssuer,
  type TokenVerifier,
  type TokenVerifierOptions,
  type VerifiedToken,
} from "./token-verifier.ts";
