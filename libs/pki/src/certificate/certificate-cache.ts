import { hash } from 'node:crypto';
import { parseCertificate, type Certificate } from './certificate.js';

/**
 * Keeps CA certificates parsed, with their hashes and key objects, for senders send the same few with every request.
 * Certificates that are no CA are parsed and not kept. Bounded by two generations, the older of which goes when the younger is
 * full.
 */
export class CertificateCache {
  private young = new Map<string, Certificate>();
  private old = new Map<string, Certificate>();

  /** @param generationSize most certificates of each of the two generations; one takes some 10 KiB */
  constructor(private readonly generationSize = 256) {}

  /**
   * The certificate of these bytes. They are copied if it is kept.
   * @throws {MalformedCertificate}
   */
  parse(der: Uint8Array): Certificate {
    const key = hash('sha256', der, 'hex');
    const young = this.young.get(key);
    if (young !== undefined) return young;
    const certificate = this.old.get(key) ?? parseCertificate(der);
    if (certificate.basicConstraints?.ca !== true) return certificate;
    // What came in with a request is often a view of a large buffer.
    const kept = certificate.der === der ? parseCertificate(der.slice()) : certificate;
    if (this.young.size >= this.generationSize) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, kept);
    return kept;
  }
}
