import { getCertificateList, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { KeepCertificateList } from '../certificate-list/keep-certificate-list.js';

/** In base64 a part fits a message, whose limit is 4 MB. */
const partSize = 2_000_000;

@Controller()
export class GetCertificateListHandler {
  constructor(private readonly lists: KeepCertificateList) {}

  @Handles(getCertificateList)
  async handle(
    @Payload() { id, number, part }: DecodedRequestOf<typeof getCertificateList>,
  ): Promise<ResponseOf<typeof getCertificateList>> {
    const list = await this.lists.current(id);
    const parts = Math.ceil(list.der.length / partSize);
    const sent = list.number === number && part < parts ? part : 0;
    return {
      der: list.der.subarray(sent * partSize, (sent + 1) * partSize).toString('base64'),
      number: list.number,
      part: sent,
      parts,
      thisUpdate: list.thisUpdate.toISOString(),
      nextUpdate: list.nextUpdate.toISOString(),
    };
  }
}
