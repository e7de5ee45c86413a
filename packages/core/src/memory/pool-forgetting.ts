/** Takes memories out of a pool, by name or by rule, with their vectors first (L1), finished also by whoever comes after (L5). */
import { PlatformError } from "@agentcore/contract";
import { type ForgetRule, fitting, isSameRule } from "./forget-rule.ts";
import { isGone } from "./kept-memory.ts";
import type { PoolCopy } from "./pool-copy.ts";
import type { PoolRows } from "./pool-rows.ts";
import type { PoolServices } from "./pool-services.ts";
import type { PoolUses } from "./pool-uses.ts";
import type { PoolVectors } from "./pool-vectors.ts";

interface ForgettingOptions {
  readonly services: Pick<PoolServices, "acrossNodes" | "clock" | "ids">;
  readonly name: string;
  readonly rows: PoolRows;
  readonly copy: Pick<PoolCopy, "spaces" | "note" | "tell">;
  readonly vectors: PoolVectors;
  readonly uses: PoolUses;
}

const BATCH = 100;
// Who does it has died: it would have taken seconds.
const LEFT_MS = 300_000;
// By how much the clocks of two nodes may differ, so that a forgetting finished late leaves nothing that it was to take.
const CLOCK_SKEW_MS = 5_000;

export class PoolForgetting {
  private readonly options: ForgettingOptions;

  constructor(options: ForgettingOptions) {
    this.options = options;
  }

  /** Resolves with the ids of what went. */
  async forget(rule: ForgetRule): Promise<readonly string[]> {
    const { rows, services } = this.options;
    if ("id" in rule.which) return this.forgetOne(rule.which.id, rule.writtenBy);
    const before = await rows.forgettings();
    const name = services.ids.next();
    await rows.beginForgetting(name, rule, services.clock.now());
    const forgotten = await this.forgetAll(name, rule);
    // Those of the same rule that failed are done with this one.
    for (const failed of before) if (isSameRule(failed.rule, rule)) await rows.endForgetting(failed.id);
    return forgotten;
  }

  /** True: some had been begun. */
  async finish(): Promise<boolean> {
    const begun = await this.options.rows.forgettings();
    for (const { id, rule, begunAt } of begun) await this.forgetAll(id, rule, begunAt + CLOCK_SKEW_MS);
    return begun.length > 0;
  }

  /** Of another node that died while this one has the pool open. */
  async finishLeft(): Promise<void> {
    const now = this.options.services.clock.now();
    for (const { id, rule, begunAt } of await this.options.rows.forgettings())
      if (now - begunAt > LEFT_MS) await this.forgetAll(id, rule, begunAt + CLOCK_SKEW_MS);
  }

  /** `gone`: a step that runs again does not bring it back. */
  async remove(ids: readonly string[], as: "gone" | "over"): Promise<void> {
    if (ids.length === 0) return;
    const { services, rows, copy, vectors, uses } = this.options;
    const spaces = await copy.spaces();
    await vectors.remove(spaces, ids);
    for (let start = 0; start < ids.length; start += BATCH)
      await Promise.all(
        ids
          .slice(start, start + BATCH)
          .map((id) => (as === "gone" ? rows.markGone(id, services.clock.now()) : rows.removeEntry(id))),
      );
    // A node that was remembering one of them may have put its vector in between.
    if (services.acrossNodes) await vectors.remove(spaces, ids);
    for (const id of ids) {
      copy.note(id, null);
      uses.forget(id);
    }
    await copy.tell(ids);
  }

  private async forgetOne(id: string, writtenBy: string | undefined): Promise<readonly string[]> {
    const { rows, name } = this.options;
    const row = await rows.entry(id);
    if (row === null || isGone(row.value)) return [];
    if (writtenBy !== undefined && row.value.writtenBy !== writtenBy)
      throw new PlatformError("PERMISSION_DENIED", `memory ${id} of ${name} was written by ${row.value.writtenBy}`);
    await this.remove([id], "gone");
    return [id];
  }

  /** By what lies in the store: the index may lack what was written by a node that died. `until`: nothing that was remembered later. */
  private async forgetAll(
    name: string,
    rule: ForgetRule,
    until = Number.POSITIVE_INFINITY,
  ): Promise<readonly string[]> {
    const forgotten: string[] = [];
    const fits = fitting(rule);
    for await (const page of this.options.rows.entries()) {
      const ids = page.filter(({ memory }) => memory.at <= until && fits(memory)).map(({ id }) => id);
      await this.remove(ids, "gone");
      forgotten.push(...ids);
    }
    await this.options.rows.endForgetting(name);
    return forgotten;
  }
}
