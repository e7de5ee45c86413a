/** What signatures of others may be made with: asymmetric ones only, so that no public key passes for a shared secret. */
export const SIGNATURE_ALGORITHMS: readonly string[] = [
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
];
