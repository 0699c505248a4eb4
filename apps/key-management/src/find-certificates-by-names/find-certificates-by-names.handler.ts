import { findCertificatesByNames, type DecodedRequestOf, type ResponseOf } from '@sluice/contracts';
import { Handles } from '@sluice/messaging';
import { Controller } from '@nestjs/common';
import { Payload } from '@nestjs/microservices';
import { DataSource } from 'typeorm';

interface Row {
  readonly sha256: string;
  readonly serial_number: string;
  readonly not_after: Date;
  readonly key_id: string;
  readonly name: string;
  readonly service_instance_id: string;
  readonly revoked: boolean;
}

const most = 5;

@Controller()
export class FindCertificatesByNamesHandler {
  constructor(private readonly dataSource: DataSource) {}

  @Handles(findCertificatesByNames)
  async handle(
    @Payload() { namesDigest }: DecodedRequestOf<typeof findCertificatesByNames>,
  ): Promise<ResponseOf<typeof findCertificatesByNames>> {
    const rows = await this.dataSource.query<Row[]>(
      `SELECT credential.sha256, credential.serial_number, credential.not_after, service_key.id AS key_id, service_key.name,
              service_key.service_instance_id, (service_key.status = 'revoked' OR credential.status = 'revoked') AS revoked
       FROM credential JOIN service_key ON service_key.id = credential.service_key_id
       WHERE credential.names_digest = $1 ORDER BY credential.created_at DESC LIMIT ${most}`,
      [namesDigest],
    );
    return {
      certificates: rows.map((row) => ({
        sha256: row.sha256,
        serialnumber: row.serial_number,
        validuntil: row.not_after.toISOString(),
        serviceKeyId: row.key_id,
        serviceKeyName: row.name,
        serviceInstanceId: row.service_instance_id,
        status: row.revoked ? 'revoked' : 'active',
      })),
    };
  }
}
