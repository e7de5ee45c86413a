/**
 * A map for what comes and goes all the time. V8's maps leave their old table behind when they are rehashed, which happens every few dozen
 * changes. An old table that has outlived two collections of young objects keeps what it held, and all later tables, until the next full
 * one, so that what is long gone is copied and grows old. Here a table keeps a place only, which is empty once its value is deleted.
 */
export class TurnoverMap<Key, Value extends object> {
  private readonly places = new Map<Key, { value: Value | undefined }>();

  get size(): number {
    return this.places.size;
  }

  get(key: Key): Value | undefined {
    return this.places.get(key)?.value;
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    this.places.set(key, { value });
  }

  delete(key: Key): void {
    const place = this.places.get(key);
    if (place === undefined) return;
    place.value = undefined;
    this.places.delete(key);
  }

  /** In the order in which they were set. */
  values(): readonly Value[] {
    const values: Value[] = [];
    for (const { value } of this.places.values()) if (value !== undefined) values.push(value);
    return values;
  }

  clear(): void {
    for (const place of this.places.values()) place.value = undefined;
    this.places.clear();
  }
}
