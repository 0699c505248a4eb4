import { downloadCertificates, getConnectivityTest, runConnectivityTest } from '@sluice/contracts';
import { SluiceError } from '@sluice/domain';
import { LRUCache } from 'lru-cache';
import { ON_FAULT, Destinations, type Shell } from '@sluice/service-shell';
import { Controller, Header, Inject, StreamableFile } from '@nestjs/common';
import { zipSync } from 'fflate';
import { randomUUID } from 'node:crypto';
import { Given } from '../http/given.js';
import { Serves } from '../http/serves.js';
import { testConnectivity, type TestedConnection } from './connectivity-test.js';

export const onFaultToken = Symbol('onFault');
type OnFault = Shell['onFault'];

/** Results live in this process, the newest few hundred: they are looked at once, right after the test. */
@Controller()
export class ConnectivityTestsController {
  readonly #tests = new LRUCache<string, TestedConnection>({ max: 500 });

  constructor(
    @Inject(Destinations) private readonly destinations: Destinations,
    @Inject(ON_FAULT) private readonly onFault: OnFault,
  ) {}

  @Serves(runConnectivityTest)
  async run(@Given() given: { host: string; port: number; validateServerCertificate: boolean }) {
    const tested = await testConnectivity({ id: randomUUID(), ...given }, Date.now(), this.destinations, (error) =>
      this.onFault(error, 'a connectivity test'),
    );
    this.#tests.set(tested.result.id, tested);
    return { ...tested.result, certificatesZip: `/v1/connectivity-tests/${tested.result.id}/certificates.zip` };
  }

  @Serves(getConnectivityTest)
  get(@Given() { id }: { id: string }) {
    return this.#find(id).result;
  }

  /** The chain as DER files; a sender imports the one whose name says `root`. */
  @Serves(downloadCertificates)
  @Header('content-disposition', 'attachment; filename="certificates.zip"')
  download(@Given() { id }: { id: string }): StreamableFile {
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
