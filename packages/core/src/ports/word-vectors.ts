/** What single words mean, as numbers: made once from much text, and asked without any wait. Good for an order, too rough for a threshold. */
export interface WordVectors {
  /** 1 to 256 characters. */
  readonly name: string;
  readonly dimensions: number;
  /** Of a word in lower case; of length 1. Undefined for a word that it does not know. Not to be changed. */
  vectorOf(word: string): Float32Array | undefined;
  /** 0 to 1: how much a word tells, the less the more often it is used. 1 for a word that it does not know. */
  weightOf(word: string): number;
}
