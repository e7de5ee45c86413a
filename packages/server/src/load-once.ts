export interface LoadOnce<T> {
  (): Promise<T>;
  /** What is loaded or on its way; null before anybody asked, and after a failure. */
  readonly current: () => Promise<T> | null;
}

/** Loads when first asked, and keeps it. A failure is told to those who wait and not kept: who asks next has it tried again. */
export const loadOnce = <T>(load: () => Promise<T>): LoadOnce<T> => {
  let loading: Promise<T> | null = null;
  const ask = (): Promise<T> => {
    loading ??= load().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };
  return Object.assign(ask, { current: () => loading });
};
