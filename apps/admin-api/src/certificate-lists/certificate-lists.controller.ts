import { getCertificateList } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { RequestClient } from '@sluice/messaging';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { OpenToAll } from '../http/administrator.js';
import type { Reply } from '../http/problem-filter.js';

/** Lists are made anew between the parts of one only when something was revoked just then. */
const attempts = 5;

/** CRLs for relying parties (RFC 5280 §4.2.1.13): open to all, for they are signed and say nothing secret. */
@Controller('crl')
@OpenToAll()
export class CertificateListsController {
  constructor(private readonly requests: RequestClient) {}

  @Get(':file')
  async get(@Param('file') file: string, @Res({ passthrough: true }) reply: Reply): Promise<Buffer> {
    const [, id] = /^([0-9a-f-]{36})\.crl$/.exec(file) ?? [];
    if (id === undefined) throw new SluiceError('not-found', 'CRLs are at /crl/<id of a CA>.crl.');
    const list = await this.#fetch(id);
    reply
      .header('content-type', 'application/pkix-crl')
      .header('etag', `"${list.number}"`)
      .header('last-modified', new Date(list.thisUpdate).toUTCString())
      // A revocation is on the next list at once; whoever keeps the one it has asks whether it is still the newest.
      .header('cache-control', 'public, no-cache');
    return list.der;
  }

  async #fetch(id: string): Promise<{ der: Buffer; number: number; thisUpdate: string }> {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const first = await this.requests.call(getCertificateList, { id });
      const parts = [Buffer.from(first.der, 'base64')];
      while (parts.length < first.parts) {
        const next = await this.requests.call(getCertificateList, { id, number: first.number, part: parts.length });
        if (next.number !== first.number || next.part !== parts.length) break;
        parts.push(Buffer.from(next.der, 'base64'));
      }
      if (parts.length === first.parts)
        return { der: Buffer.concat(parts), number: first.number, thisUpdate: first.thisUpdate };
    }
    throw new SluiceError('unavailable', 'The CRL changes faster than it can be sent: try again.');
  }
}
