/** Makes vectors of text: near each other where the texts mean alike. */
export interface Embedder {
  /** Vectors of embedders of different names are never compared. 1 to 256 characters. */
  readonly name: string;
  /**
   * A vector for each text, in order, all of one length. 1 to 100 texts. Throws MODEL_NOT_CONFIGURED, UPSTREAM_FAILED and OVERLOADED, and what `signal`
   * aborts with.
   */
  embed(
    tenantId: string,
    texts: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<readonly (Float32Array | readonly number[])[]>;
}
