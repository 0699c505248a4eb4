import { judgePath, MalformedCertificate, parseCertificate, parseCertificateList, trustAnchor } from '@sluice/pki';
import { testTime } from '@sluice/pki/testing';
import { type SeededRandom } from '../seeded-random.js';
import { askOpenssl, type OpensslVerdict } from './ask-openssl.js';
import { explainedDifferences } from './explained-differences.js';
import { faults, generateChain, type GeneratedChain } from './generate-chain.js';

export interface Comparison {
  readonly fault: string;
  readonly ours: string;
  readonly openssl: string;
  /** `agree`, the rule that explains the difference, or undefined if nothing explains it. */
  readonly explanation: string | undefined;
}

/** Our verdict: `valid` or the refusal code. */
function judgeOurselves(chain: GeneratedChain): string {
  try {
    const judgement = judgePath({
      leaf: parseCertificate(chain.leaf),
      intermediates: chain.pool.flatMap((der) => {
        try {
          return [parseCertificate(der)];
        } catch (error) {
          if (error instanceof MalformedCertificate) return [];
          throw error;
        }
      }),
      anchors: chain.roots.map((der) => trustAnchor(parseCertificate(der))),
      at: testTime,
      extendedKeyUsage: 'clientAuth',
      absentExtendedKeyUsage: 'accept',
      requiredKeyUsage: 'digitalSignature',
      ...(chain.explicitPolicy !== undefined && {
        policyInputs: { initialExplicitPolicy: true, initialPolicySet: [chain.explicitPolicy] },
      }),
      ...(chain.crls && { revocation: { crls: chain.crls.map(parseCertificateList), failure: 'hard' as const } }),
    });
    return judgement.valid ? 'valid' : judgement.refusal.code;
  } catch (error) {
    if (error instanceof MalformedCertificate) return error.code;
    throw error;
  }
}

/** Judges chains twice, going round all faults, `count` in all. */
export function* compareVerdicts(count: number, random: SeededRandom, folder: string): Generator<Comparison> {
  const kinds = Object.keys(faults);
  for (let index = 0; index < count; index++) {
    const chain = generateChain(kinds[index % kinds.length] as string, random);
    const ours = judgeOurselves(chain);
    const verdict: OpensslVerdict = askOpenssl(chain, folder);
    const openssl = verdict.valid ? 'valid' : verdict.reason;
    yield { fault: chain.fault, ours, openssl, explanation: explain(chain.fault, ours === 'valid', verdict.valid) };
  }
}

function explain(fault: string, ours: boolean, openssl: boolean): string | undefined {
  if (ours === openssl) return 'agree';
  const meant = explainedDifferences[fault];
  return meant !== undefined && (meant.accepts === 'ours') === ours ? meant.rule : undefined;
}
