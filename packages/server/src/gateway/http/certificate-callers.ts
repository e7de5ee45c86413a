/** Callers that the transport knows by a client certificate, which it has verified. */
import type { CallerScope } from "@agentcore/core/tasks";
import type { CertificateCaller, ClientCertificate } from "../deps.ts";

/** Null for a certificate that no entry means; of several entries the first one counts. */
export const callerOfCertificate = (
  entries: readonly CertificateCaller[],
  certificate: ClientCertificate,
): CallerScope | null => {
  const entry = entries.find((candidate) => matches(candidate, certificate));
  if (entry === undefined) return null;
  const { tenantId, caller, role, scopes } = entry;
  return role === "operator" ? { tenantId, caller, operator: true } : { tenantId, caller, permissions: scopes };
};

const matches = (entry: CertificateCaller, certificate: ClientCertificate): boolean => {
  if (entry.fingerprint256 !== undefined)
    return plainHex(entry.fingerprint256) === plainHex(certificate.fingerprint256);
  if (entry.subject !== undefined)
    return attributes(entry.subject.split(/,\s*(?=[A-Za-z0-9.]+=)/)) === attributes(certificate.subject.split("\n"));
  return entry.subjectAltName !== undefined && namesOf(certificate.subjectAltName).includes(entry.subjectAltName);
};

const plainHex = (fingerprint: string): string => fingerprint.replaceAll(":", "").toLowerCase();

/** The whole subject, whatever the order; a part of it is not enough. */
const attributes = (lines: readonly string[]): string =>
  lines
    .map((line) => line.trim())
    .toSorted()
    .join("\n");

// Node quotes names that hold what separates names; such a one is nobody's.
const NAME = /([^,:"]+:(?:"(?:[^"\\]|\\.)*"|[^,"]*))(?:, |$)/y;

const namesOf = (text = ""): readonly string[] => {
  const names: string[] = [];
  NAME.lastIndex = 0;
  for (let match = NAME.exec(text); match !== null && match[0] !== ""; match = NAME.exec(text))
    names.push(match[1] ?? "");
  return names;
};
