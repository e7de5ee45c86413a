/** Of its vectors, as the model has them. */
export const DIMENSIONS = 512;
