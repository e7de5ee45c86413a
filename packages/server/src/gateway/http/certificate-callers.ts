/** Callers that the transport knows by a client certificate, which it has verified. */
import type { CallerScope } from "@agentcore/core/tasks";
import type { ClientCertificate } from "../deps/connection-info.ts";
import type { CertificateCaller } from "../deps/credentials.ts";
import {
  keyOfAlternativeName,
  keyOfSubject,
  keyOfWrittenSubject,
  keysOfAlternativeNames,
} from "./certificate-names.ts";

/** Null for a certificate that no entry means; of several entries the first one counts. Throws INVALID_ARGUMENT for a `subject` that is none. */
export const createCertificateCallers = (
  entries: readonly CertificateCaller[],
): ((certificate: ClientCertificate) => CallerScope | null) => {
  const known = entries.map((entry) => ({ entry, matches: matcher(entry) }));
  return (certificate) => {
    const found = known.find(({ matches }) => matches(certificate));
    if (found === undefined) return null;
    const { tenantId, caller, role, scopes } = found.entry;
    return role === "operator" ? { tenantId, caller, operator: true } : { tenantId, caller, permissions: scopes };
  };
};

const matcher = (entry: CertificateCaller): ((certificate: ClientCertificate) => boolean) => {
  const { fingerprint256, subject, subjectAltName } = entry;
  if (fingerprint256 !== undefined) {
    const wanted = plainHex(fingerprint256);
    return (certificate) => plainHex(certificate.fingerprint256) === wanted;
  }
  if (subject !== undefined) {
    const wanted = keyOfWrittenSubject(subject);
    return (certificate) => keyOfSubject(certificate.subject) === wanted;
  }
  const wanted = keyOfAlternativeName(subjectAltName ?? "");
  return (certificate) => wanted !== undefined && keysOfAlternativeNames(certificate.subjectAltName).has(wanted);
};

const plainHex = (fingerprint: string): string => fingerprint.replaceAll(":", "").toLowerCase();
