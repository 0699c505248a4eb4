import type { DecisionRecord, findCertificatesByNames, ResponseOf } from '@sluice/contracts';

type Found = ResponseOf<typeof findCertificatesByNames>['certificates'];

/** Whether keys for the same names would tell why: no key held the certificate, or the one that did has ended. */
export function asksForNearestKey(record: DecisionRecord): boolean {
  return (
    record.outcome === 'denied' && record.certificate?.namesDigest !== undefined && record.nearestMatch === undefined
  );
}

/** @returns what the administrator should look at first: a key whose certificate differs from the sender's in little */
export function nearestKey(record: DecisionRecord, found: Found): string | undefined {
  const others = found.filter(({ sha256 }) => sha256 !== record.certificate?.sha256);
  const nearest = others.find(({ status }) => status === 'active') ?? others[0];
  if (!nearest) return undefined;
  const serial = record.certificate?.serialnumber;
  const ended = nearest.status === 'revoked' ? ', which is revoked' : '';
  return (
    `Same subject and issuer as the service key ${nearest.serviceKeyName} (${nearest.serviceKeyId})${ended}, but another serial number: ` +
    `${serial ?? 'unknown'} was sent, the key has ${nearest.serialnumber}, valid until ${nearest.validuntil}. ` +
    'Was the certificate renewed? Then add the new one to the key by rotating it, or register the key as not pinned.'
  );
}
