/** Variables as they are now: a key may change while the node runs. */
export type Environment = Readonly<Record<string, string | undefined>>;
