import { formatDistinguishedName, type RefusalCode, type RefusalValues } from '@sluice/domain';
import { type Certificate } from '../certificate/certificate.js';
import { type NameConstraints } from '../certificate/decode-extensions.js';
import { describeGeneralName, type GeneralName } from '../certificate/decode-general-name.js';
import { decodeCharacterString } from '../der/decode-string.js';
import { DerReader, tags } from '../der/der-reader.js';
import { type Spending } from './budget.js';
import { ConstraintIndex } from './constraint-index.js';
import { prepareName } from './prepare-name.js';

const emailAddress = '1.2.840.113549.1.9.1';
const smtpUtf8Mailbox = '1.3.6.1.5.5.7.8.9';

/** Every name a certificate claims, as general names: its subject, e-mail addresses in the subject, and every SAN. */
function claimedNames(certificate: Certificate): GeneralName[] {
  const names: GeneralName[] = [];
  if (certificate.subject.length > 0) {
    names.push({ form: 'directoryName', name: { name: certificate.subject, key: certificate.subjectKey } });
    // RFC 5280 4.2.1.10 asks for this when there is no SAN; a good SAN must not cover a bad address, so always.
    for (const rdn of certificate.subject)
      for (const attribute of rdn)
        if (attribute.type === emailAddress) names.push({ form: 'rfc822Name', value: attribute.value });
  }
  for (const name of certificate.subjectAltNames) {
    names.push(name);
    // RFC 9598 section 6: constraints on rfc822Name bind SmtpUTF8Mailbox.
    if (name.form === 'otherName' && name.type === smtpUtf8Mailbox)
      names.push({ form: 'rfc822Name', value: mailboxOf(name.value) });
  }
  return names;
}

/** The mailbox, or text that is none, which no constraint on mailboxes permits. */
function mailboxOf(value: Uint8Array): string {
  const reader = new DerReader(value);
  if (reader.next() !== tags.utf8String) return '';
  return decodeCharacterString(tags.utf8String, value, reader.contentStart, reader.contentEnd);
}

/** Constraints of one form. */
interface FormConstraints {
  readonly permitted: ConstraintIndex;
  readonly excluded: ConstraintIndex;
}

const indices = new WeakMap<NameConstraints, ReadonlyMap<string, FormConstraints>>();

/** A constraint on one kind of otherName says nothing about another kind. */
const formOf = (name: GeneralName): string => (name.form === 'otherName' ? `otherName ${name.type}` : name.form);

function groupByForm(names: readonly GeneralName[]): Map<string, GeneralName[]> {
  const groups = new Map<string, GeneralName[]>();
  for (const name of names) {
    const form = formOf(name);
    const group = groups.get(form);
    if (group === undefined) groups.set(form, [name]);
    else group.push(name);
  }
  return groups;
}

function indexByForm(constraints: NameConstraints): ReadonlyMap<string, FormConstraints> {
  let byForm = indices.get(constraints);
  if (byForm === undefined) {
    const permitted = groupByForm(constraints.permitted);
    const excluded = groupByForm(constraints.excluded);
    byForm = new Map(
      [...new Set([...permitted.keys(), ...excluded.keys()])].map((form) => [
        form,
        {
          permitted: new ConstraintIndex('permitted', permitted.get(form) ?? []),
          excluded: new ConstraintIndex('excluded', excluded.get(form) ?? []),
        },
      ]),
    );
    indices.set(constraints, byForm);
  }
  return byForm;
}

/** What the constraints of the CAs above have against the names of a certificate, or undefined (RFC 5280 6.1.3 (b), (c)). */
export function checkNameConstraints(
  certificate: Certificate,
  constraints: readonly NameConstraints[],
  spending: Spending,
): { code: RefusalCode; values: RefusalValues } | undefined {
  if (constraints.length === 0) return undefined;
  const names = claimedNames(certificate).map((written) => ({
    written,
    form: formOf(written),
    prepared: prepareName(written),
  }));
  for (const extension of constraints) {
    const byForm = indexByForm(extension);
    // All of it is paid for before any of it is done.
    for (const { form } of names) {
      const ofForm = byForm.get(form);
      if (ofForm !== undefined) spending.spend('nameComparisons', ofForm.permitted.size + ofForm.excluded.size);
    }
    for (const { written, form, prepared } of names) {
      const ofForm = byForm.get(form);
      if (ofForm === undefined) continue;
      if (prepared.form === 'incomparable')
        return { code: 'unsupported-name-constraint', values: { name: describe(written), form: written.form } };
      const malformed = ofForm.permitted.malformed ?? ofForm.excluded.malformed;
      if (malformed !== undefined)
        return { code: 'unsupported-name-constraint', values: { name: describe(malformed), form: written.form } };
      const hit = ofForm.excluded.find(prepared);
      if (hit !== undefined) return violated(written, hit, 'excluded');
      const [example] = ofForm.permitted.constraints;
      if (example !== undefined && ofForm.permitted.find(prepared) === undefined)
        return violated(written, example, 'permitted');
    }
  }
  return undefined;
}

const describe = (name: GeneralName): string =>
  describeGeneralName(name, (decoded) => formatDistinguishedName(decoded.name));

const violated = (
  name: GeneralName,
  constraint: GeneralName,
  list: string,
): { code: RefusalCode; values: RefusalValues } => ({
  code: 'name-constraint-violated',
  values: { name: describe(name), constraint: `${list} ${describe(constraint)}`, form: name.form },
});
