/**
 * Where people consent, whom a task asked by a link:
 *
 *   link --> page: who asks for what --> "go on", which marks the browser --> the authorisation server --> back with a code --> tokens --> tasks go on
 *
 * - C1 The link alone shows whose consent is asked for, and grants nothing: only a browser that went on from that page comes back with something that counts, so that nobody
 *   has somebody else's consent kept as theirs by sending them to the authorisation server.
 * - C2 A code is exchanged once, by whoever comes first.
 * - C3 Consent is kept before tasks hear of it. A task that is not told, as the node died between, is told by its link, or by the next one's.
 */
import { PlatformError, type ToolManifest } from "@agentcore/contract";
import type { Clock, Digest, Ids, Logger } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import type { ConsentDoor, ConsentView } from "../gateway/deps.ts";
import { loadMcpClient } from "../tools/load-mcp.ts";
import { PRIVATE } from "../tools/tool-policy.ts";
import type { AskedRecord, ConsentRecords } from "./consent-records.ts";
import { CALLBACK_PATH, CLIENT_PATH, type ConsentOf, type Consents, consentPath } from "./consents.ts";

export interface ConsentDoorOptions {
  readonly consents: Consents;
  readonly records: ConsentRecords;
  /** Throws NOT_FOUND. */
  readonly declared: (tenantId: string, name: string) => Promise<ToolManifest>;
  readonly tasks: Pick<TaskService, "authorize" | "log">;
  readonly allowPrivate: boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly digest: Digest;
  readonly logger: Logger;
}

// A task may just be about to write down what it asks: it looks for itself after that, and is told again by then.
const TOLD_AGAIN_MS = [500, 5_000];
const ID = /^[0-9a-f]{64}$/;
const MAX_LOG = 1000;

export const createConsentDoor = (options: ConsentDoorOptions): ConsentDoor => {
  const { consents, records, declared, tasks, allowPrivate, clock, ids, digest, logger } = options;

  const find = async (
    tenantId: string,
    id: string,
  ): Promise<{ readonly record: AskedRecord; readonly version: number }> => {
    const found = ID.test(id) ? await records.asked(tenantId, id) : null;
    if (found !== null) return found;
    throw new PlatformError(
      "NOT_FOUND",
      "nobody asks for this consent: it was given, the task has asked anew, or the link is older than 30 days",
    );
  };

  /** As the manifest says now. */
  const consentOf = async (tenantId: string, record: AskedRecord, redirectUrl?: string): Promise<ConsentOf> => {
    const { spec } = await declared(tenantId, record.manifest);
    const found = consents.at({ tenantId, caller: record.caller }, record.manifest, spec.mcp, redirectUrl);
    if (found !== null) return found;
    throw new PlatformError("NOT_FOUND", `the tools "${record.manifest}" ask for no consent any more`);
  };

  const withClient = async <T>(
    { terms }: ConsentOf,
    work: (
      client: Awaited<ReturnType<typeof loadMcpClient>>,
      terms: Parameters<typeof client.beginConsent>[0],
    ) => Promise<T>,
  ): Promise<T> => {
    const client = await loadMcpClient();
    const { fetch, close } = client.openOAuthFetch(terms.url, terms.issuer, { allowPrivate, option: PRIVATE });
    try {
      return await work(client, { ...terms, fetch });
    } finally {
      close();
    }
  };

  const viewOf = (
    tenantId: string,
    { manifest, caller, task, wanted }: AskedRecord,
    { terms }: ConsentOf,
  ): ConsentView => ({
    ...{ tenantId, manifest, caller, server: new URL(terms.url).origin },
    ...(task === null ? {} : { task }),
    scopes: [...new Set([...(terms.scopes ?? []), ...(wanted.scopes ?? [])])],
  });

  const isGiven = async (of: ConsentOf, record: AskedRecord): Promise<boolean> =>
    ((await records.kept(of.of, record.caller))?.at ?? Number.NEGATIVE_INFINITY) > record.at;

  /** All that wait for the same: theirs is one consent. */
  const tell = async (tenantId: string, { manifest, caller }: AskedRecord): Promise<void> => {
    for (const each of await records.waiting(tenantId, manifest, caller))
      if (await tellTask(tenantId, each)) await records.answered(tenantId, each);
  };

  const tellAgain = (tenantId: string, record: AskedRecord): void => {
    for (const ms of TOLD_AGAIN_MS)
      clock.after(ms, () => {
        tell(tenantId, record).catch((error: unknown) => complain(tenantId, record, error));
      });
  };

  const complain = (tenantId: string, { task }: AskedRecord, error: unknown): void =>
    logger.log("warn", `consent is kept, and a task was not told of it: ${PlatformError.from(error).message}`, {
      tenantId,
      ...(task === null ? {} : { taskId: task.taskId }),
    });

  /** False: it does not ask yet. */
  const tellTask = async (tenantId: string, record: AskedRecord): Promise<boolean> => {
    const { task, manifest, caller } = record;
    if (task === null) return true;
    const scope = { tenantId, caller };
    const name = `tools/${manifest}`;
    const link = consentPath(tenantId, record.id);
    try {
      const question = await lastQuestion(scope, task.taskId, name);
      if (question?.url?.endsWith(link) !== true) return false;
      const { reference } = question;
      await tasks.authorize(scope, task.taskId, { name, ...(reference === undefined ? {} : { reference }) });
      return true;
    } catch (error) {
      if (!PlatformError.is(error)) throw error;
      // It has ended, goes on already, or was told by another.
      if (["TASK_TERMINAL", "CONFLICT", "TASK_NOT_FOUND", "NOT_FOUND", "UNSUPPORTED_OPERATION"].includes(error.code))
        return true;
      throw error;
    }
  };

  const lastQuestion = async (
    scope: { readonly tenantId: string; readonly caller: string },
    taskId: string,
    name: string,
  ) => {
    let last: { readonly url?: string | undefined; readonly reference?: string | undefined } | null = null;
    for (let after = 0; ; ) {
      const page = await tasks.log(scope, taskId, { after, limit: MAX_LOG });
      for (const event of page)
        if (event.type === "task.authRequired" && event.data.authorization.name === name)
          last = event.data.authorization;
      after = page.at(-1)?.seq ?? after;
      if (page.length < MAX_LOG) return last;
    }
  };

  return {
    async client() {
      const { clientMetadata } = await loadMcpClient();
      const address = consents.address();
      return { client_id: `${address}${CLIENT_PATH}`, ...clientMetadata(`${address}${CALLBACK_PATH}`, false) };
    },

    async look(tenantId, id) {
      const { record } = await find(tenantId, id);
      const of = await consentOf(tenantId, record);
      // Whoever died before this was told (C3).
      if (await isGiven(of, record)) {
        await tell(tenantId, record);
        return { ...viewOf(tenantId, record, of), isGiven: true };
      }
      return { ...viewOf(tenantId, record, of), isGiven: false };
    },

    async begin(tenantId, id) {
      const { record, version } = await find(tenantId, id);
      const of = await consentOf(tenantId, record);
      const [nonce, browser] = [ids.secret(), ids.secret()];
      const { redirectUrl } = of.terms;
      const { authorizationUrl, ...begun } = await withClient(of, ({ beginConsent }, terms) =>
        beginConsent(terms, of.keeper, {
          ...{ state: `${tenantId}.${nonce}`, wanted: record.wanted },
          // Who is back here without having been sent back may have been told that the node is not known there.
          isAnew: record.wasBegun === true,
        }),
      );
      const left: AskedRecord = {
        ...{ ...record, wasBegun: true },
        begun: { ...begun, nonce, redirectUrl, browser: digest.sha256(browser) },
      };
      if (!(await records.update(tenantId, left, version)))
        throw new PlatformError(
          "CONFLICT",
          "this was begun elsewhere at the same time; go on there, or open the link again",
        );
      await records.leave(tenantId, nonce, id);
      return { authorizationUrl, browser };
    },

    async finish({ state, code, iss, error, errorDescription }, browser) {
      const [, tenantId = "", nonce = ""] = /^(.{1,64})\.([0-9a-f]{64})$/.exec(state) ?? [];
      const id = tenantId === "" ? null : await records.back(tenantId, nonce);
      if (id === null) throw notBegun();
      const { record, version } = await find(tenantId, id);
      const { begun, ...asked } = record;
      // C1. Of digests, so that the time it takes says nothing.
      if (begun === undefined || begun.nonce !== nonce || begun.browser !== digest.sha256(browser)) throw notBegun();
      const of = await consentOf(tenantId, record, begun.redirectUrl);
      // C2
      if (!(await records.update(tenantId, asked, version))) throw notBegun();
      if (code === undefined)
        throw new PlatformError(
          "PERMISSION_DENIED",
          `no consent was given: ${(errorDescription ?? error ?? "nothing more is known").slice(0, 500)}`,
        );
      const consent = await withClient(of, ({ finishConsent }, terms) =>
        finishConsent(terms, of.keeper, begun, { code, iss }),
      );
      await records.keep(of.of, record.caller, consent);
      logger.log("info", `consent to the tools ${record.manifest}: kept`, { tenantId, caller: record.caller });
      await tell(tenantId, record).catch((failure: unknown) => complain(tenantId, record, failure));
      tellAgain(tenantId, record);
      return viewOf(tenantId, record, of);
    },
  };
};

const notBegun = (): PlatformError =>
  new PlatformError(
    "PERMISSION_DENIED",
    `nobody in this browser is being asked for that consent, or it took longer than an hour; open the link of the task once more (${CALLBACK_PATH} is only where it leads back to)`,
  );
