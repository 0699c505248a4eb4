import { styleText } from 'node:util';
import { type CertificateDescription, type Finding } from './describe-certificate.js';
import { type Explanation } from './explain-chain.js';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

const marks: Record<Finding['kind'], { readonly mark: string; readonly style: Style }> = {
  right: { mark: '✓', style: 'green' },
  notice: { mark: '!', style: 'yellow' },
  wrong: { mark: '✗', style: 'red' },
};

/** Text for people. @param colour whether to use it */
export function writeExplanation(explanation: Explanation, colour: boolean): string {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
  const cards = explanation.certificates.map((certificate, index) =>
    'problem' in certificate
      ? `${paint('bold', `${index + 1}. certificate`)}\n   ${paint('red', `✗ ${certificate.problem}`)}`
      : writeCard(certificate, index, paint),
  );
  return [...cards, writeVerdict(explanation, paint), ''].join('\n\n');
}

function writeCard(certificate: CertificateDescription, index: number, paint: Paint): string {
  const lines: [string, string][] = [
    ['issuer', certificate.issuer],
    ['serial number', certificate.serialNumber],
    ['SHA-256', certificate.sha256],
    ['validity', `${certificate.notBefore} to ${certificate.notAfter}`],
    ['key', `${certificate.key}, signed with ${certificate.signedWith}`],
  ];
  const add = (label: string, values: readonly string[] | null): void => {
    if (values !== null && values.length > 0) lines.push([label, values.join(', ')]);
  };
  if (certificate.certificateAuthority)
    lines.push([
      'CA',
      certificate.pathLength === null ? 'yes' : `yes, with ${certificate.pathLength} more CA(s) below it at most`,
    ]);
  add('key usage', certificate.keyUsage);
  add('extended usage', certificate.extendedKeyUsage);
  add('other names', certificate.alternativeNames);
  add('names allowed', certificate.nameConstraints?.permitted ?? null);
  add('names forbidden', certificate.nameConstraints?.excluded ?? null);
  add('policies', certificate.policies);
  add('CRL', certificate.crlAddresses);
  add('OCSP', certificate.ocspAddresses);
  return [
    paint('bold', `${index + 1}. ${printable(certificate.subject) || '(no subject)'}`),
    ...lines.map(([label, value]) => `   ${paint('dim', label.padEnd(16))}${printable(value)}`),
    ...certificate.findings.map(
      ({ kind, text }) => `   ${paint(marks[kind].style, `${marks[kind].mark} ${printable(text)}`)}`,
    ),
  ].join('\n');
}

function writeVerdict(explanation: Explanation, paint: Paint): string {
  const remarks = explanation.remarks.map((remark) => paint('yellow', `! ${printable(remark)}`));
  if (explanation.verdict === 'valid')
    return [
      paint(
        ['bold', 'green'],
        `✓ The chain is valid at ${explanation.at}, and until ${explanation.validUntil} if nothing changes.`,
      ),
      ...explanation.path.map(
        ({ subject }, index) => `  ${'  '.repeat(index)}${index === 0 ? '' : '└ issued by '}${printable(subject)}`,
      ),
      ...remarks,
    ].join('\n');
  const [nearest, ...others] = explanation.refusals;
  return [
    paint(['bold', 'red'], `✗ The chain is not valid at ${explanation.at}.`),
    ...(nearest === undefined
      ? []
      : [`  ${printable(nearest.sentence)}`, paint('dim', `  ${nearest.code}, ${nearest.rfc}`)]),
    ...others.map((refusal) => `  also: ${printable(refusal.sentence)}`),
    ...remarks,
  ].join('\n');
}

/** A certificate is a stranger's text: it must not steer the terminal. */

const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
