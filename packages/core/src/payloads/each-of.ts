/** Works on the items in their order, at most `atOnce` at a time. Rejects with the first failure, and begins nothing after it. */
export const eachOf = async <Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> => {
  let at = 0;
  let failed = false;
  const workOn = async (): Promise<void> => {
    while (at < items.length && !failed) {
      const item = items[at++] as Item;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, workOn));
};
