import { invalidArgument, SluiceError, type FieldViolation } from '@sluice/domain';
import { RecordCache } from '@sluice/messaging';
import { Destinations, type Shell } from '@sluice/service-shell';
import { Body, Controller, Get, Header, Inject, Param, Post, Res, StreamableFile } from '@nestjs/common';
import { zipSync } from 'fflate';
import { randomUUID } from 'node:crypto';
import { objectBody, onlyMembers } from '../http/answer.js';
import type { Reply } from '../http/problem-filter.js';
import { testConnectivity, type TestedConnection } from './connectivity-test.js';

export const onFaultToken = Symbol('onFault');
type OnFault = Shell['onFault'];

const members = ['host', 'port', 'validateServerCertificate'];

/** Results live in this process, the newest few hundred: they are looked at once, right after the test. */
@Controller('v1/connectivity-tests')
export class ConnectivityTestsController {
  readonly #tests = new RecordCache<TestedConnection>(500);

  constructor(
    @Inject(Destinations) private readonly destinations: Destinations,
    @Inject(onFaultToken) private readonly onFault: OnFault,
  ) {}

  @Post()
  async run(@Body() body: unknown, @Res({ passthrough: true }) reply: Reply) {
    const { host, port, validateServerCertificate = true } = onlyMembers(objectBody(body), members);
    const faults: FieldViolation[] = [];
    if (typeof host !== 'string' || !/^[A-Za-z0-9.:_-]{1,253}$/.test(host))
      faults.push({ field: 'host', message: 'must be a host name or an IP address' });
    if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65_535)
      faults.push({ field: 'port', message: 'must be a whole number from 1 to 65535' });
    if (typeof validateServerCertificate !== 'boolean')
      faults.push({ field: 'validateServerCertificate', message: 'must be true or false' });
    if (faults.length > 0) throw invalidArgument(faults);
    const tested = await testConnectivity(
      {
        id: randomUUID(),
        host: host as string,
        port: port as number,
        validateServerCertificate: validateServerCertificate as boolean,
      },
      Date.now(),
      this.destinations,
      (error) => this.onFault(error, 'a connectivity test'),
    );
    this.#tests.set(tested.result.id, tested);
    reply.status(201);
    return { ...tested.result, certificatesZip: `/v1/connectivity-tests/${tested.result.id}/certificates.zip` };
  }

  @Get(':id')
  get(@Param('id') id: string) {
    return this.#find(id).result;
  }

  /** The chain as DER files; a sender imports the one whose name says `root`. */
  @Get(':id/certificates.zip')
  @Header('content-type', 'application/zip')
  @Header('content-disposition', 'attachment; filename="certificates.zip"')
  download(@Param('id') id: string): StreamableFile {
    const { result, ders } = this.#find(id);
    const files = Object.fromEntries(result.certificates.map(({ file }, index) => [file, ders[index] as Uint8Array]));
    return new StreamableFile(zipSync(files));
  }

  #find(id: string): TestedConnection {
    const tested = this.#tests.get(id);
    if (!tested)
      throw new SluiceError('not-found', `There is no connectivity test ${id}, or it is no longer kept: run it again.`);
    return tested;
  }
}
