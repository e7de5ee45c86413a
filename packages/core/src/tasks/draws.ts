/** Ids and random numbers of a task: derived, so that a replay draws the same. */
import type { TaskEventOf } from "@agentcore/contract";
import type { Digest } from "../ports/index.ts";

/** Since a checkpoint. */
type Origins = NonNullable<NonNullable<TaskEventOf<"task.submitted">["data"]["forkedFrom"]>["draws"]>;

export class Draws {
  private readonly digest: Digest;
  private readonly own: { readonly tenantId: string; readonly taskId: string; readonly checkpointSeq: number };
  private readonly origins: Origins["of"];
  private count = 0;
  /** How many were drawn by the last call or result that the log has. */
  recorded = 0;

  /** `origins`: of a fork, whose the first draws are: what its log took over may rest on them. */
  constructor(digest: Digest, own: Draws["own"], origins: Origins | undefined) {
    this.digest = digest;
    this.own = own;
    this.origins = origins?.checkpointSeq === own.checkpointSeq ? origins.of : [];
  }

  /** 64 hexadecimal digits. */
  next(what: string): string {
    const number = ++this.count;
    const { tenantId } = this.own;
    const { taskId, checkpointSeq } = this.origins.find(({ upTo }) => number <= upTo) ?? this.own;
    return this.digest.sha256(`${tenantId}/${taskId}/${checkpointSeq}/${what}/${number}`);
  }

  /** The log has what the code asks for, or is given, now. */
  noteRecorded(): void {
    this.recorded = this.count;
  }
}
