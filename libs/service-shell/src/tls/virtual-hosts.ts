import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { ServerIdentity } from './server-identity.js';

/** A host name as it is compared: DNS knows no case, and a dot at its end changes nothing (RFC 1034 §3.1). */
export function foldHostName(name: string): string {
  const folded = name.toLowerCase();
  return folded.endsWith('.') ? folded.slice(0, -1) : folded;
}

/** The name in a `Host` header, without the port and folded. */
export function hostNameOf(header: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header) ?? [];
  return bracketed ?? (plain === undefined ? header : foldHostName(plain));
}

/**
 * The virtual hosts of a listener: one for each server certificate, with every name that is in it. All have the same
 * policy; what must not be is a request for one on a connection that was made to another.
 */
export class VirtualHosts {
  readonly #certificates: readonly X509Certificate[];

  constructor(identities: readonly ServerIdentity[]) {
    this.#certificates = identities.map(({ certificateChain }) => new X509Certificate(certificateChain));
  }

  /** @returns the first whose certificate has the name; undefined when none has */
  find(name: string): number | undefined {
    const index = this.#certificates.findIndex((certificate) =>
      isIP(name) ? certificate.checkIP(name) : name !== '' && certificate.checkHost(name, { partialWildcards: false }),
    );
    return index === -1 ? undefined : index;
  }

  /**
   * Whether a request may come over a connection (RFC 9110 §7.4): its host is the server name the connection was made to, or has the
   * same certificate. A connection without a server name was made to an address and stands for the first virtual host.
   */
  agree(serverName: string | undefined, host: string): boolean {
    const wanted = hostNameOf(host);
    const asked = this.find(wanted);
    if (serverName === undefined) return asked === undefined || asked === 0;
    const made = foldHostName(serverName);
    return wanted === made || (asked !== undefined && asked === this.find(made));
  }
}
