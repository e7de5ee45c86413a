/**
 * Where people consent, whom a task asked by a link:
 *
 *   link --> page: who asks for what --> "go on", which marks the browser --> the authorisation server --> back with a code --> tokens --> tasks go on
 *
 * - C1 The link alone shows whose consent is asked for, and grants nothing: only a browser that went on from that page comes back with something that counts, so that nobody
 *   has somebody else's consent kept as theirs by sending them to the authorisation server.
 * - C2 A code is sent once, by whoever comes first, as the client that the person was sent there by.
 * - C3 Consent is kept before tasks hear of it. A task that is not told, as the node died between, is told by its link, or by the next sweep, within the hour.
 * - C4 What comes of a consent is kept for the server that it was begun for, while the manifest names that one.
 */
import { PlatformError, type ToolManifest } from "@agentcore/contract";
import type { Digest, Ids, Logger } from "@agentcore/core/ports";
import type { ConsentDoor, ConsentView } from "../gateway/deps/consent-door.ts";
import { loadMcpClient } from "../tools/load-mcp.ts";
import { PRIVATE } from "../tools/tool-policy.ts";
import type { ConsentNews } from "./consent-news.ts";
import type { AskedRecord, ConsentRecords } from "./consent-records.ts";
import { CALLBACK_PATH, CLIENT_PATH, type ConsentOf, type Consents } from "./consents.ts";

export interface ConsentDoorOptions {
  readonly consents: Consents;
  readonly records: ConsentRecords;
  /** Throws NOT_FOUND. */
  readonly declared: (tenantId: string, name: string) => Promise<ToolManifest>;
  readonly news: ConsentNews;
  readonly allowPrivate: boolean;
  readonly ids: Ids;
  readonly digest: Digest;
  readonly logger: Logger;
}

const ID = /^[0-9a-f]{64}$/;

export const createConsentDoor = (options: ConsentDoorOptions): ConsentDoor => {
  const { consents, records, declared, news, allowPrivate, ids, digest, logger } = options;

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
    // Its error names other manifests, which are not for everybody.
    const mcp = await declared(tenantId, record.manifest).then(
      ({ spec }) => spec.mcp,
      (error: unknown) => {
        if (PlatformError.is(error) && error.code === "NOT_FOUND") return undefined;
        throw error;
      },
    );
    const found = consents.at({ tenantId, caller: record.caller }, record.manifest, mcp, redirectUrl);
    if (found !== null) return found;
    throw new PlatformError("NOT_FOUND", `the tools "${record.manifest}" ask for no consent any more`);
  };

  /** C4 */
  const consentBegun = async (
    tenantId: string,
    record: AskedRecord,
    { redirectUrl, server }: NonNullable<AskedRecord["begun"]>,
  ): Promise<ConsentOf> => {
    const of = await consentOf(tenantId, record, redirectUrl);
    if (of.of.server === server) return of;
    throw new PlatformError(
      "CONFLICT",
      `the tools "${record.manifest}" are those of another server since you left; open the link of the task once more`,
    );
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
      if (await consents.isAnswered(tenantId, record)) {
        await news.tell({ tenantId, ...record });
        return { ...viewOf(tenantId, record, of), isGiven: true };
      }
      return { ...viewOf(tenantId, record, of), isGiven: false };
    },

    async begin(tenantId, id) {
      const { record, version } = await find(tenantId, id);
      const of = await consentOf(tenantId, record);
      const [nonce, browser] = [ids.secret(), ids.secret()];
      const state = `${tenantId}.${nonce}`;
      const { redirectUrl } = of.terms;
      const { authorizationUrl, ...begun } = await withClient(of, ({ beginConsent }, terms) =>
        beginConsent(terms, of.keeper, {
          ...{ state, wanted: record.wanted },
          // Who is back here without having been sent back may have been told that the node is not known there.
          isAnew: record.wasBegun === true,
        }),
      );
      const left: AskedRecord = {
        ...{ ...record, wasBegun: true },
        begun: { ...begun, nonce, redirectUrl, browser: digest.sha256(browser), server: of.of.server },
      };
      if (!(await records.update(tenantId, left, version)))
        throw new PlatformError(
          "CONFLICT",
          "this was begun elsewhere at the same time; go on there, or open the link again",
        );
      await records.leave(tenantId, nonce, id, record.begun?.nonce);
      return { authorizationUrl, state, browser };
    },

    async finish({ state, code, iss, error, errorDescription }, browser) {
      const [, tenantId = "", nonce = ""] = /^([a-z0-9-]{1,63})\.([0-9a-f]{64})$/.exec(state) ?? [];
      const id = tenantId === "" ? null : await records.back(tenantId, nonce);
      if (id === null) throw notBegun();
      const { record, version } = await find(tenantId, id);
      const { begun, ...asked } = record;
      // C1. Of digests, so that the time it takes says nothing.
      if (begun === undefined || begun.nonce !== nonce || begun.browser !== digest.sha256(browser)) throw notBegun();
      const of = await consentBegun(tenantId, record, begun);
      // C2
      if (!(await records.update(tenantId, asked, version))) throw notBegun();
      if (code === undefined)
        throw new PlatformError(
          "PERMISSION_DENIED",
          `no consent was given: ${(errorDescription ?? error ?? "nothing more is known").slice(0, 500)}`,
        );
      const consent = await withClient(of, ({ finishConsent }, terms) => finishConsent(terms, begun, { code, iss }));
      await consentBegun(tenantId, record, begun);
      await records.keep(of.of, record.caller, consent);
      logger.log("info", `consent to the tools ${record.manifest}: kept`, { tenantId, caller: record.caller });
      await news.tell({ tenantId, ...record });
      return viewOf(tenantId, record, of);
    },
  };
};

const notBegun = (): PlatformError =>
  new PlatformError(
    "PERMISSION_DENIED",
    `nobody in this browser is being asked for that consent, or it took longer than an hour; open the link of the task once more (${CALLBACK_PATH} is only where it leads back to)`,
  );
