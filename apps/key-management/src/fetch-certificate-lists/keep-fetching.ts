import type { StateFollower } from '@sluice/messaging';
import type { CertificateLists } from '../certificate-lists/certificate-lists.js';
import type { FetchCertificateLists } from './fetch-certificate-lists.js';

const lookEveryMs = 5_000;
const keepStoreEveryMs = 60_000;

/**
 * Looks for CRLs that are due, and keeps the object store whole: at the start, every minute, and at once when the bus has
 * lost its streams.
 * @returns ends it
 */
export function keepFetching(
  fetching: FetchCertificateLists,
  lists: CertificateLists,
  follower: StateFollower,
  onFault: (error: unknown, what: string) => void,
): () => void {
  let storeKeptAt = 0;
  let running: Promise<unknown> | undefined;
  const look = () => {
    if (running) return;
    running = work().finally(() => (running = undefined));
  };
  const work = async () => {
    try {
      if (Date.now() - storeKeptAt >= keepStoreEveryMs && follower.epoch !== undefined) {
        await lists.keepStore();
        storeKeptAt = Date.now();
      }
      await fetching.run();
    } catch (error) {
      onFault(error, 'keeping the CRLs of trusted roots');
    }
  };
  follower.onEpoch(() => {
    storeKeptAt = 0;
    look();
  });
  const timer = setInterval(look, lookEveryMs);
  look();
  return () => clearInterval(timer);
}
