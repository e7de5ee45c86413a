export { fetchJson } from "../keys/remote-key-set.ts";
export { type CardSignature, type CardSigner, createCardSigner } from "./card-signer.ts";
export {
  type CardTrust,
  type CardVerifier,
  type CardVerifierOptions,
  createCardVerifier,
  type VerifiedCard,
} from "./card-verifier.ts";
