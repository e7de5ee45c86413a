/** Has tasks hear that somebody consented whom they had asked: each of that person's that waits for it, on whichever node. */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Logger } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import type { AskedRecord, ConsentRecords } from "./consent-records.ts";
import { consentPath } from "./consents.ts";

export interface ConsentNewsOptions {
  readonly records: ConsentRecords;
  /** Whether somebody consented since they were asked. */
  readonly isAnswered: (tenantId: string, record: AskedRecord) => Promise<boolean>;
  readonly tasks: () => Pick<TaskService, "authorize" | "log">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Whose consent to what. */
export interface ConsentOwner {
  readonly tenantId: string;
  readonly manifest: string;
  readonly caller: string;
}

// A task may just be about to write down what it asks: it looks for itself as it does so, and is told again by then.
const TOLD_AGAIN_MS = [500, 5_000, 30_000];
const MAX_LOG = 1000;

export class ConsentNews {
  private readonly options: ConsentNewsOptions;

  constructor(options: ConsentNewsOptions) {
    this.options = options;
  }

  /** Resolves when all were tried once; who could not be told yet is told again. Never rejects. */
  tell(of: ConsentOwner): Promise<void> {
    return this.tellFrom(of, 0);
  }

  /** Of all of a tenant that wait for what was kept: whoever kept it may have died before they told. Never rejects but as the store does. */
  async sweep(tenantId: string, signal?: AbortSignal): Promise<void> {
    for (const each of await this.options.records.allWaiting(tenantId)) {
      if (signal?.aborted === true) return;
      // Of a manifest that is no more nothing is kept.
      if (await this.options.isAnswered(tenantId, each).catch(() => false)) await this.isTold(tenantId, each);
    }
  }

  private async tellFrom(of: ConsentOwner, tries: number): Promise<void> {
    const { records, clock } = this.options;
    let left = 0;
    try {
      for (const each of await records.waiting(of.tenantId, of.manifest, of.caller))
        if (!(await this.isTold(of.tenantId, each))) left += 1;
    } catch (error) {
      this.complain(of, error);
      left += 1;
    }
    const ms = TOLD_AGAIN_MS[tries];
    if (left > 0 && ms !== undefined) clock.after(ms, () => void this.tellFrom(of, tries + 1));
  }

  /** One that cannot be told keeps nobody else from it. */
  private async isTold(tenantId: string, record: AskedRecord): Promise<boolean> {
    try {
      if (!(await this.tellTask(tenantId, record))) return false;
      await this.options.records.answered(tenantId, record);
      return true;
    } catch (error) {
      this.complain({ ...record, tenantId }, error, record.task?.taskId);
      return false;
    }
  }

  /** False: it does not ask yet. */
  private async tellTask(tenantId: string, { id, task, manifest, caller }: AskedRecord): Promise<boolean> {
    if (task === null) return true;
    const scope = { tenantId, caller };
    const name = `tools/${manifest}`;
    try {
      const question = await this.lastQuestion(scope, task.taskId, name);
      if (question?.url?.endsWith(consentPath(tenantId, id)) !== true) return false;
      const { reference } = question;
      await this.options
        .tasks()
        .authorize(scope, task.taskId, { name, ...(reference === undefined ? {} : { reference }) });
      return true;
    } catch (error) {
      if (!PlatformError.is(error)) throw error;
      // It has ended, goes on already, or was told by another.
      if (["TASK_TERMINAL", "CONFLICT", "TASK_NOT_FOUND", "NOT_FOUND", "UNSUPPORTED_OPERATION"].includes(error.code))
        return true;
      throw error;
    }
  }

  private async lastQuestion(
    scope: { readonly tenantId: string; readonly caller: string },
    taskId: string,
    name: string,
  ): Promise<{ readonly url?: string | undefined; readonly reference?: string | undefined } | null> {
    let last: { readonly url?: string | undefined; readonly reference?: string | undefined } | null = null;
    for (let after = 0; ; ) {
      const page = await this.options.tasks().log(scope, taskId, { after, limit: MAX_LOG });
      for (const event of page)
        if (event.type === "task.authRequired" && event.data.authorization.name === name)
          last = event.data.authorization;
      after = page.at(-1)?.seq ?? after;
      if (page.length < MAX_LOG) return last;
    }
  }

  private complain({ tenantId, caller, manifest }: ConsentOwner, error: unknown, taskId?: string): void {
    this.options.logger.log(
      "warn",
      `consent to the tools ${manifest} is kept, and who waits for it was not told: ${PlatformError.from(error).message}`,
      { tenantId, caller, ...(taskId === undefined ? {} : { taskId }) },
    );
  }
}
